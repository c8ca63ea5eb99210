import { deadQueueOf, redeliver } from '#platform/messaging';
import { CommandError, type Printed, report } from '../command.js';
import { brokerFailed, configuredBroker } from './broker.js';

interface RedeliverOptions extends Printed {
  readonly queue: string;
}

/**
 * `events redeliver <queue>`: moves dead letters back into their queue, or unroutable events to the exchange.
 * @returns 1 when some could not be moved.
 */
export async function redeliverEvents(options: RedeliverOptions, env: NodeJS.ProcessEnv): Promise<number> {
  const { queue } = options;
  const { url, exchange } = configuredBroker(env);
  const result = await redeliver(url, exchange, queue).catch(brokerFailed);
  if (!result)
    throw new CommandError(`There is no queue ${deadQueueOf(queue)}: give the name of a subscriber's queue.`);
  const { from, moved, left } = result;
  const rest = left > 0 ? ` ${left} stay there: no queue takes them.` : '';
  report(options, result, `Moved ${moved} message(s) out of ${from}.${rest}`);
  return left > 0 ? 1 : 0;
}
