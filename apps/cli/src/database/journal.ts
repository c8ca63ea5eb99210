import type pg from 'pg';
import { isUuid } from '#platform/kernel';
import { CommandError, type Printed, report } from '../command.js';
import { withClient, withDatabase } from './database.js';
import { ProgressBar } from '../progress-bar.js';

interface VerifyOptions extends Printed {
  readonly deal?: string;
}

/**
 * `journal verify [--deal <uuid>]`: recomputes the hash chain of one journal, or of all.
 * @returns 1 at the first that is broken.
 */
export async function verifyJournals(options: VerifyOptions, env: NodeJS.ProcessEnv): Promise<number> {
  const { deal } = options;
  if (deal !== undefined && !isUuid(deal)) throw new CommandError('--deal must be a UUID.');
  const { JournalAudit } = await import('#crm/journals');
  let isValid = false;
  await withDatabase(env, async (url) =>
    withClient(url, async (client: pg.Client) => {
      const audit = new JournalAudit(async (sql, values) => (await client.query(sql, [...values])).rows as never);
      const bar = new ProgressBar(!options.json);
      const finding = await (
        deal === undefined ? audit.all((done, total) => bar.show('verifying', done, total)) : audit.one(deal)
      ).finally(() => bar.end());
      if (!finding) throw new CommandError(`There is no deal ${deal}.`);
      const { deals, entries, broken } = finding;
      isValid = broken === null;
      const found = broken
        ? `BROKEN: the journal of deal ${broken.dealId} at entry ${broken.at}. What stands there was changed, removed or put in behind the service: compare with a backup.`
        : `${entries} entries of ${deals} journal(s) are as they were written.`;
      report(options, { valid: isValid, deals, entries, broken }, found);
    }),
  );
  return isValid ? 0 : 1;
}
