import type { INestApplicationContext } from '@nestjs/common';
import { JobsModule } from '#platform/jobs';
import { QUEUES } from '../../../api/src/queues/queues.js';
import { withApplication } from '../database/application.js';
import { CommandError } from '../command.js';

/**
 * Runs `work` with every queue of the worker, in Redis if it is configured, else in PostgreSQL.
 * @throws CommandError, SettingsError
 */
export async function withQueues(
  env: NodeJS.ProcessEnv,
  work: (app: INestApplicationContext) => Promise<void>,
): Promise<void> {
  await withApplication(env, [JobsModule.forRoot(), JobsModule.registerQueue(...QUEUES)], work);
}

/**
 * The queue of this name, or all of them.
 * @throws CommandError when there is none of that name.
 */
export function queuesNamed(name: string | undefined): readonly string[] {
  const all = [...QUEUES].sort();
  if (name === undefined) return all;
  if (all.includes(name)) return [name];
  throw new CommandError(`There is no queue ${name}: there are ${all.join(', ')}.`);
}
