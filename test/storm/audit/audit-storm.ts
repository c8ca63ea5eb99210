import { auditMoney } from '#crm/payments';
import { JournalAudit } from '#crm/journals';
import { until } from '#platform/testing';
import { audit, loggedIds } from '../../support/events/log-audit.js';
import type { Site } from '../faults/site.js';
import type { Load } from '../load/load.js';
import { auditImports } from './audit-imports.js';
import type { Findings } from './findings.js';
import { auditReminders } from './audit-reminders.js';
import { auditSchemas } from './audit-schemas.js';
import { auditRows } from './audit-rows.js';
import { auditEventKeys, auditRowTags } from './audit-writes.js';
import { settle } from './settle.js';

const ARRIVES_WITHIN_MS = 300_000;

/** Waits until the service has no work left, and compares everything that is stored, sent and acknowledged. */
export async function auditStorm(site: Site, load: Load): Promise<Findings> {
  const { ledger, due, imports } = load;
  const { database } = site.installation;
  const { consumer } = site;
  const unfinished = await settle(site);
  const logged = await loggedIds(database);
  await until(() => consumer.ids.size >= logged.size, ARRIVES_WITHIN_MS).catch(() => undefined);
  const { entriesWithoutEvent, eventsWithoutEntry, brokenStreams, brokenPositions } = await audit(database, []);
  const ask = <R extends object>(sql: string, values: readonly unknown[] = []): Promise<R[]> =>
    database.rows<R>(sql, values);
  const { broken } = await new JournalAudit(ask).all(() => undefined);
  const { missing, doubled, ghosts } = await auditRowTags(database, ledger);
  const { ids } = consumer;
  return {
    'lost: acknowledged writes without their event': await auditEventKeys(database, ledger),
    'lost: acknowledged rows that do not exist': missing,
    'lost: events that were not delivered': [...logged].filter((id) => !ids.has(id)),
    'lost: rows that differ from their last event': await auditRows(database),
    'ghosts: rows of refused or unknown requests': ghosts,
    'ghosts: delivered events that are not in the log': [...ids].filter((id) => !logged.has(id)),
    'ghosts: events without a journal entry': eventsWithoutEntry,
    'ghosts: journal entries without an event': entriesWithoutEvent,
    'reordered: first deliveries out of the order of their stream': consumer.account.outOfOrder,
    'reordered: streams with gaps': brokenStreams,
    'reordered: positions with gaps': brokenPositions,
    'reordered: moves of a cursor by a former leader': await movesBack(site),
    'doubled: rows of one request': doubled,
    'doubled: answers to a repeated Idempotency-Key': ledger.badReplays,
    'doubled: winners of one If-Match': ledger.lostRaces,
    'doubled: events with other contents': consumer.account.changed,
    ...(await auditReminders(database, due)),
    ...(await auditImports(database, imports)),
    'totals that are not the sum of the lines': (await auditMoney(ask)).map(
      ({ kind, example }) => `${kind}: ${example}`,
    ),
    'broken hash chains': broken ? [`deal ${broken.dealId} at ${broken.at}`] : [],
    'events that break their schema': await auditSchemas(database),
    'bad answers': ledger.badAnswers,
    'work that did not end': unfinished,
    'failed jobs': await failedJobs(site),
    'processes that ended by themselves': site.crashes,
  };
}

async function movesBack({ installation }: Site): Promise<string[]> {
  const moves = await installation.database.rows<{ name: string; before: string; after: string; fence: string }>(
    'SELECT name, before::text, after::text, fence::text FROM public.cursor_moves_back',
  );
  return moves.map(({ name, before, after, fence }) => `${name} from ${before} to ${after}, fence ${fence}`);
}

async function failedJobs({ installation }: Site): Promise<string[]> {
  const jobs = await installation.database.rows<{ queue: string; key: string; error: string }>(
    `SELECT queue, key, last_error AS error FROM crm.job_requests WHERE state = 'failed'`,
  );
  return jobs.map(({ queue, key, error }) => `${queue} ${key}: ${error}`);
}
