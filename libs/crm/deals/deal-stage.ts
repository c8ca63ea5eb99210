import type { DealStatus, Stage } from './contracts.js';

interface StageRow {
  readonly status: DealStatus;
  /** Older codes of the same stage: read, never written. */
  readonly synonym?: string;
  /** Final: nothing leads out of it. */
  readonly isClosed: boolean;
}

/** The funnel as data: an open stage leads to every other one, a closed one to none. */
export const STAGE_TABLE: Readonly<Record<Stage, StageRow>> = {
  qualification: { status: 'qualification', synonym: 'draft', isClosed: false },
  negotiation: { status: 'in_progress', synonym: 'negotiation', isClosed: false },
  proposal: { status: 'proposal', isClosed: false },
  closedWon: { status: 'won', synonym: 'closed_won', isClosed: true },
  closedLost: { status: 'lost', synonym: 'closed_lost', isClosed: true },
};

const STAGE_OF = new Map<string, Stage>(
  Object.entries(STAGE_TABLE).flatMap(([stage, { status, synonym }]) =>
    [status, synonym].flatMap((code) => (code ? [[code, stage as Stage] as const] : [])),
  ),
);

/** Every code of a status, old synonyms included. */
export const STATUS_CODES: readonly string[] = [...STAGE_OF.keys()];

/** The stage of a stored status, old synonyms included. */
export function stageOf(status: string): Stage {
  const stage = STAGE_OF.get(status);
  if (!stage) throw new Error(`unknown deal status ${status}`);
  return stage;
}

/** Whether a stored status is final. */
export function isClosed(status: string): boolean {
  return STAGE_TABLE[stageOf(status)].isClosed;
}

/** Every code that may be stored for a stage. */
export function statusesOf(stage: Stage): readonly string[] {
  const { status, synonym } = STAGE_TABLE[stage];
  return synonym ? [status, synonym] : [status];
}

/** Codes of the stages that are not final, synonyms included. */
export const OPEN_STATUSES: readonly string[] = (Object.keys(STAGE_TABLE) as Stage[])
  .filter((stage) => !STAGE_TABLE[stage].isClosed)
  .flatMap(statusesOf);
