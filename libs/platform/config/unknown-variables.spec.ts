import { unknownSettings as unknown } from './settings.module.js';

const unknownSettings = (env: NodeJS.ProcessEnv) => unknown(env).map(({ message }) => message);

describe('a variable that no setting reads', () => {
  it('is named with the nearest setting, and without its value', () => {
    const faults = unknownSettings({ CRM_PROT: '8099', CRM_DATABSE_URL: 'postgresql://u:hunter2@h/d', crm_port: '1' });
    expect(faults).toEqual([
      'CRM_DATABSE_URL is not a setting and has no effect: did you mean CRM_DATABASE_URL?',
      'CRM_PROT is not a setting and has no effect: did you mean CRM_PORT?',
      'crm_port is not a setting and has no effect: did you mean CRM_PORT?',
    ]);
  });

  it('is named without a proposal when no setting is near', () => {
    expect(unknownSettings({ CRM_SHOE_SIZE: '43' })).toEqual(['CRM_SHOE_SIZE is not a setting and has no effect.']);
  });

  it('is left alone when it belongs to a tool or to another program', () => {
    const env = { CRM_ACCESS_TOKEN: 't', CRM_TEST_REDIS_PORT: '1', CRM_PORT: '1', PATH: '/bin', ACRM_PORT: '1' };
    expect(unknownSettings(env)).toEqual([]);
  });
});
