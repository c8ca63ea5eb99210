import { csvOf } from '../../support/import-harness.js';
import { dayFromToday, FAR_DAY } from './sale.js';
import type { Hot } from './scenarios.js';
import type { Writer } from './writer.js';

/** An acknowledged import and the unique texts of its rows. */
export interface SentImport {
  readonly id: string;
  readonly kind: string;
  readonly rowTags: readonly string[];
}

const ROWS = 30;

/** Sends a CSV file of new rows, each of which must be created once. */
export async function importRows(writer: Writer, hot: Hot, sent: SentImport[]): Promise<void> {
  const kind = writer.random.pick(['clients', 'deals', 'payments'] as const);
  const rowTags = Array.from({ length: ROWS }, () => writer.ledger.nextRowTag());
  const deal = writer.random.pick(hot.deals);
  const files = {
    clients: [['name', 'kind'], (rowTag: string) => [rowTag, 'person']],
    deals: [
      ['client_id', 'title', 'description', 'next_review_at'],
      (rowTag: string) => [String(deal.client_id), `КАСКО ${rowTag}`, rowTag, FAR_DAY],
    ],
    payments: [
      ['deal_id', 'planned_date', 'planned_amount', 'currency', 'comment'],
      (rowTag: string) => [String(deal.id), dayFromToday(400), '100.00', 'RUB', rowTag],
    ],
  } as const;
  const [columns, row] = files[kind];
  const mode = writer.random.pick(['good_rows', 'all_or_nothing']);
  const run = await writer.write(`import.${kind}`, {
    method: 'POST',
    path: `/imports/${kind}?mode=${mode}`,
    body: csvOf(columns, rowTags.map(row)),
    rowTags,
  });
  if (run) sent.push({ id: String(run.id), kind, rowTags });
}
