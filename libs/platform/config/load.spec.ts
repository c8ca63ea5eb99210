import { AuthSettings, BrokerSettings, DatabaseSettings, HttpSettings, RuntimeSettings } from './schemas.js';
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
});
