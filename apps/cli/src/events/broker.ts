import { BrokerSettings, loadSettings } from '#platform/config';
import { CommandError } from '../command.js';

/** The configured RabbitMQ. */
export interface ConfiguredBroker {
  readonly url: string;
  readonly exchange: string;
}

/** @throws CommandError when none is; SettingsError */
export function configuredBroker(env: NodeJS.ProcessEnv): ConfiguredBroker {
  const { url, exchange } = loadSettings(env, [BrokerSettings]).get(BrokerSettings) as BrokerSettings;
  if (!url) throw new CommandError('This installation runs without RabbitMQ: set CRM_RABBITMQ_URL.');
  return { url, exchange };
}

/** For `catch`: converts an error of RabbitMQ to one line. */
export function brokerFailed(error: unknown): never {
  throw new CommandError(`RabbitMQ refuses or can't be reached: ${(error as Error).message}.`);
}
