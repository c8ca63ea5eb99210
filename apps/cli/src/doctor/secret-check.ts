import { existsSync } from 'node:fs';
import { faultOfSecret } from '#platform/services';
import { isAuthConfigured, SECRET_FILE } from '../development/token.js';
import { type Check, failed, ok, skipped } from './check.js';

/** Checks how tokens are verified: as configured, else by the secret that `npm start` stores. */
export function secretCheck(env: NodeJS.ProcessEnv): Check {
  return {
    name: 'token secret',
    run: () => {
      if (isAuthConfigured(env)) return Promise.resolve(ok('tokens are verified as configured'));
      if (!existsSync(SECRET_FILE)) return Promise.resolve(skipped(`npm start will create ${SECRET_FILE}`));
      const fault = faultOfSecret(SECRET_FILE);
      const fact = `${SECRET_FILE} ${fault ?? 'contains one'}`;
      return Promise.resolve(fault ? failed(fact, 'Delete it: the next npm start creates a new secret.') : ok(fact));
    },
    remedy: `Make ${SECRET_FILE} readable.`,
  };
}
