import { csvOf } from '../../support/import-harness.js';
import { dayFromToday, FAR_DAY } from './sale.js';
import type { Hot } from './scenarios.js';
import type { Writer } from './writer.js';

/** An acknowledged import and the unique texts of its rows. */
export interface SentImport {
  readonly id: string;
  readonly kind: string;
  readonly markers: readonly string[];
}

const ROWS = 30;

/** Sends a CSV file of new rows, each of which must be created once. */
export async function importRows(writer: Writer, hot: Hot, sent: SentImport[]): Promise<void> {
  const kind = writer.random.pick(['clients', 'deals', 'payments'] as const);
  const markers = Array.from({ length: ROWS }, () => writer.ledger.nextMarker());
  const deal = writer.random.pick(hot.deals);
  const files = {
    clients: [['name', 'kind'], (marker: string) => [marker, 'person']],
    deals: [
      ['client_id', 'title', 'description', 'next_review_at'],
      (marker: string) => [String(deal.client_id), `КАСКО ${marker}`, marker, FAR_DAY],
    ],
    payments: [
      ['deal_id', 'planned_date', 'planned_amount', 'currency', 'comment'],
      (marker: string) => [String(deal.id), dayFromToday(400), '100.00', 'RUB', marker],
    ],
  } as const;
  const [columns, row] = files[kind];
  const mode = writer.random.pick(['good_rows', 'all_or_nothing']);
  const run = await writer.write(`import.${kind}`, {
    method: 'POST',
    path: `/imports/${kind}?mode=${mode}`,
    body: csvOf(columns, markers.map(row)),
    markers,
  });
  if (run) sent.push({ id: String(run.id), kind, markers });
}
