import type { INestApplicationContext } from '@nestjs/common';
import { isTypePattern, MessagingModule } from '#platform/messaging';
import { withApplication } from '../database/application.js';
import { CommandError } from '../command.js';

/**
 * Runs `work` with the event log.
 * @param hasBroker whether RabbitMQ is needed too.
 * @throws CommandError, SettingsError
 */
export async function withLog(
  env: NodeJS.ProcessEnv,
  hasBroker: boolean,
  work: (app: INestApplicationContext) => Promise<void>,
): Promise<void> {
  if (hasBroker && !env.CRM_RABBITMQ_URL) {
    throw new CommandError('There is no queue without RabbitMQ: CRM_RABBITMQ_URL says where it is.');
  }
  await withApplication(env, [MessagingModule.forRoot({ process: 'command', hasBroker })], work);
}

/** @throws CommandError when one is no pattern. */
export function patternsOf(types: readonly string[] = []): string[] {
  const patterns = types.flatMap((text) => text.split(','));
  const wrong = patterns.find((pattern) => !isTypePattern(pattern));
  if (wrong === undefined) return patterns;
  throw new CommandError(`--types takes event types such as deal.payment.*, not ${wrong}.`);
}
