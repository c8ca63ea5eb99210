import type { Findings } from './audit/findings.js';
import type { DoneFault } from './faults/faults.js';
import type { Site } from './faults/site.js';
import type { Load } from './load/load.js';
import { FAULT_KINDS, type StormOptions } from './plan.js';

export interface StormFigures {
  readonly options: StormOptions;
  readonly loadSeconds: number;
  /** Time from the end of the load until the audit ended. */
  readonly settledSeconds: number;
  readonly faults: readonly DoneFault[];
}

type Row = readonly (string | number)[];

/** The report of a storm in Markdown. */
export function reportOf(figures: StormFigures, load: Load, site: Site, findings: Findings): string {
  const { seed, minutes, faults: planned, rate, only } = figures.options;
  const replay = [`--seed ${seed} --minutes ${minutes} --faults ${planned} --rate ${rate}`, only?.join(',')];
  const broken = Object.values(findings).filter((found) => found.length > 0).length;
  return [
    `Replay: \`npm run storm -- ${replay.filter((part) => part !== undefined).join(' --only ')}\``,
    table(['figure', ''], figuresOf(figures, load, site)),
    table(['fault', 'times', 'of'], faultsOf(figures.faults)),
    table(['write', 'acknowledged', 'unclear', 'refused'], writesOf(load)),
    refusalsOf(load),
    table(
      ['found', ''],
      Object.entries(findings).map(([promise, found]) => [promise, found.length]),
    ),
    broken === 0 ? 'Verdict: **every promise was kept.**' : `Verdict: **${broken} promises were broken.**`,
  ].join('\n\n');
}

function figuresOf({ loadSeconds, settledSeconds, faults }: StormFigures, { ledger }: Load, site: Site): Row[] {
  const { delivered, distinct, duplicates, redelivered } = site.consumer.account;
  const sentAgain = duplicates - redelivered;
  const share = (count: number): string => `${count} (${((100 * count) / Math.max(1, delivered)).toFixed(2)} %)`;
  const { acknowledged } = ledger;
  return [
    ['faults', faults.length],
    ['seconds under load', Math.round(loadSeconds)],
    ['acknowledged writes', `${acknowledged} (${Math.round(acknowledged / loadSeconds)}/s)`],
    ['unclear writes (no answer, or 503)', ledger.count('unclear')],
    ['refused writes (conflicts)', ledger.count('refused')],
    ['requests sent again with their Idempotency-Key', ledger.repeated],
    ['races of 4 requests with one If-Match', ledger.races],
    ['events in the log', distinct],
    ['deliveries to a durable consumer', delivered],
    ['duplicates that the publisher sent', share(sentAgain)],
    ['duplicates that RabbitMQ delivered again', share(redelivered)],
    ['seconds until all work was done and audited', Math.round(settledSeconds)],
  ];
}

function faultsOf(faults: readonly DoneFault[]): Row[] {
  return FAULT_KINDS.flatMap((kind) => {
    const victims = faults.filter((fault) => fault.kind === kind).map(({ victim }) => victim);
    return victims.length === 0 ? [] : [[kind, victims.length, counted(victims)]];
  });
}

function counted(names: readonly string[]): string {
  const distinct = [...new Set(names)].sort();
  return distinct.map((name) => `${name} ${names.filter((other) => other === name).length}`).join(', ');
}

function writesOf({ ledger: { writes } }: Load): Row[] {
  const kinds = [...new Set(writes.map(({ kind }) => kind))].sort();
  return kinds.map((kind) => {
    const count = (outcome: string): number =>
      writes.filter((write) => write.kind === kind && write.outcome === outcome).length;
    return [kind, count('acknowledged'), count('unclear'), count('refused')];
  });
}

function refusalsOf({ ledger: { refusals } }: Load): string {
  const parts = [...refusals].sort().map(([code, count]) => `${code} ${count}`);
  return `Refusals: ${parts.join(', ') || 'none'}.`;
}

function table(heads: readonly string[], rows: readonly Row[]): string {
  const line = (cells: Row): string => `| ${cells.join(' | ')} |`;
  return [line(heads), line(heads.map(() => '---')), ...rows.map(line)].join('\n');
}
