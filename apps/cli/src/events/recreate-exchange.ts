import { readFileSync } from 'node:fs';
import { type ExchangeBinding, type Recreation, recreateExchange as recreate } from '#platform/messaging';
import { CommandError, type Printed, report } from '../command.js';
import { withClient, withDatabase } from '../database/database.js';
import { brokerFailed, configuredBroker } from './broker.js';

/** Command that prints the bindings in the format of `--bindings`. */
const LIST_BINDINGS =
  'rabbitmqctl list_bindings --formatter json source_name source_kind destination_name destination_kind routing_key arguments';

interface RecreateOptions extends Printed {
  readonly bindings?: string;
  readonly withoutBindings?: true;
}

/**
 * `events recreate-exchange --bindings <file> | --without-bindings`: replaces an exchange that an older release
 * declared with arguments by one without, which other services can declare too.
 * @throws CommandError while a worker publishes.
 * @returns 1 when a binding could not be restored.
 */
export async function recreateExchange(options: RecreateOptions, env: NodeJS.ProcessEnv): Promise<number> {
  const { url, exchange } = configuredBroker(env);
  const bindings = bindingsOf(options);
  let recreation: Recreation | undefined;
  await withDatabase(env, async (databaseUrl) => {
    recreation = await withClient(databaseUrl, (client) =>
      recreate(client, url, exchange, bindings).catch(brokerFailed),
    );
  });
  if (!recreation) {
    throw new CommandError('A worker publishes events: stop all workers, then run this command again.');
  }
  const { recreated, bound, failed } = recreation;
  const restored = `${bound.length} binding(s) kept`;
  const lost = failed.map(({ destination_name: name, routing_key: key }) => `${name} by ${key}`).join(', ');
  const line = recreated
    ? `The exchange ${exchange} is plain now, ${restored}.${lost ? ` RabbitMQ refused to bind ${lost}.` : ''}`
    : `The exchange ${exchange} is plain already: nothing was changed.`;
  report(options, { exchange, recreated, bound, failed }, line);
  return failed.length > 0 ? 1 : 0;
}

function bindingsOf({ bindings: file, withoutBindings }: RecreateOptions): ExchangeBinding[] {
  if (withoutBindings && file === undefined) return [];
  if (file === undefined || withoutBindings) {
    throw new CommandError(
      'Deleting an exchange deletes its bindings, which AMQP can’t list. On the broker run\n' +
        `  ${LIST_BINDINGS} > bindings.json\n` +
        'and give --bindings bindings.json (- reads standard input). ' +
        'With --without-bindings every consumer must bind its queue again.',
    );
  }
  try {
    const parsed: unknown = JSON.parse(readFileSync(file === '-' ? 0 : file, 'utf8'));
    if (Array.isArray(parsed) && parsed.every(isBinding)) return parsed;
  } catch (error) {
    throw new CommandError(`${file} can't be read as JSON: ${(error as Error).message}.`);
  }
  throw new CommandError(`${file} is not a list of bindings as ${LIST_BINDINGS} prints it.`);
}

function isBinding(value: unknown): value is ExchangeBinding {
  const binding = value as Partial<Record<keyof ExchangeBinding, unknown>> | null;
  const names = [binding?.source_name, binding?.destination_name, binding?.routing_key];
  return (
    names.every((name) => typeof name === 'string') && /^(queue|exchange)$/.test(String(binding?.destination_kind))
  );
}
