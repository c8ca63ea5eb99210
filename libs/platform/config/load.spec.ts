import { splitUrls } from './fields.js';
import {
  AuthSettings,
  BrokerSettings,
  DatabaseSettings,
  HttpSettings,
  RedisSettings,
  RuntimeSettings,
} from './schemas.js';
import type { SettingsClass } from './settings.js';
import { loadSettings, SettingsError } from './load.js';

const EVERYWHERE: readonly SettingsClass[] = [RuntimeSettings, DatabaseSettings, HttpSettings, AuthSettings];

function faultsOf(env: NodeJS.ProcessEnv, concerns = EVERYWHERE) {
  try {
    loadSettings(env, concerns);
    return [];
  } catch (error) {
    expect(error).toBeInstanceOf(SettingsError);
    return (error as SettingsError).faults;
  }
}

describe('settings', () => {
  it('name every fault at once and never a value', () => {
    const faults = faultsOf({
      CRM_DATABASE_URL: 'mysql://root:hunter2@db/crm',
      CRM_PORT: '99999',
      CRM_TIMEZONE: 'Mars/Olympus',
      CRM_JWT_ACCESS_SECRET: 'short',
    });
    expect(faults).toHaveLength(4);
    expect(faults.join('\n')).toMatch(/CRM_TIMEZONE[^]*CRM_DATABASE_URL[^]*CRM_PORT[^]*CRM_JWT_ACCESS_SECRET/);
    expect(faults.join('\n')).not.toMatch(/hunter2|99999/);
  });

  it('take defaults, and count an empty variable as unset', () => {
    const loaded = loadSettings({ CRM_DATABASE_URL: 'postgresql://u@h/d', CRM_PORT: '' }, [
      DatabaseSettings,
      HttpSettings,
    ]);
    expect(loaded.get(HttpSettings)).toMatchObject({ port: 8082, requireIfMatch: false });
  });

  it('require exactly one way to verify tokens', () => {
    const database = { CRM_DATABASE_URL: 'postgresql://u@h/d' };
    expect(faultsOf(database)).toEqual([expect.stringContaining('no way to verify tokens')]);
    const both = { ...database, CRM_JWT_ACCESS_SECRET: 's'.repeat(32), CRM_JWT_JWKS_URL: 'https://auth/keys' };
    expect(faultsOf(both)).toEqual([expect.stringContaining('exclude each other')]);
  });

  it('require the real servers in production', () => {
    expect(faultsOf({ NODE_ENV: 'production' }, [BrokerSettings])).toEqual([
      expect.stringContaining('CRM_RABBITMQ_URL is missing (required in production)'),
    ]);
  });

  it('take the URLs of several nodes of RabbitMQ, and check each', () => {
    const [one, other] = ['amqp://u:a,b@one:5672', 'amqps://u:p@other'];
    const loaded = loadSettings({ CRM_RABBITMQ_URL: `${one}, ${other}` }, [BrokerSettings]);
    const { url } = loaded.get(BrokerSettings) as BrokerSettings;
    expect(splitUrls(url!)).toEqual([one, other]);
    expect(splitUrls(one)).toEqual([one]);
    expect(faultsOf({ CRM_RABBITMQ_URL: `${one},http://other` }, [BrokerSettings])).toEqual([
      'CRM_RABBITMQ_URL must start with amqp: or amqps://',
    ]);
  });

  it.each([
    ['a host', { REDIS_HOST: 'one', REDIS_PASSWORD: 'p' }, { host: 'one', port: 6379, db: 0, password: 'p' }],
    [
      'Sentinels, which replace the host',
      { REDIS_HOST: 'one', REDIS_SENTINELS: 'two:26379, [::1]:1', REDIS_SENTINEL_PASSWORD: 's' },
      {
        sentinels: [
          { host: 'two', port: 26_379 },
          { host: '::1', port: 1 },
        ],
        ...{ name: 'mymaster', db: 0, sentinelPassword: 's' },
      },
    ],
    ['neither', {}, undefined],
  ])('connect to Redis by %s', (_, env, expected) => {
    const settings = loadSettings(env, [RedisSettings]).get(RedisSettings) as RedisSettings;
    expect(settings.endpoint).toEqual(expected);
  });

  it('accept Sentinels instead of a host of Redis in production, if there is one', () => {
    const production = { NODE_ENV: 'production' };
    expect(faultsOf(production, [RedisSettings])).toEqual([expect.stringContaining('REDIS_HOST is missing')]);
    expect(faultsOf({ ...production, REDIS_SENTINELS: 'one:26379' }, [RedisSettings])).toEqual([]);
    for (const wrong of [',', 'one', 'one:0', 'one:65536']) {
      expect(faultsOf({ ...production, REDIS_SENTINELS: wrong }, [RedisSettings])).toEqual([
        expect.stringContaining('REDIS_SENTINELS must be addresses'),
      ]);
    }
  });
});
