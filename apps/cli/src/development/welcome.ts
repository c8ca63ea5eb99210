import { print } from '../command.js';
import type { DevelopmentSettings } from './development-settings.js';
import { signToken } from './token.js';

/** Roles with a sign-in link. */
const CONSOLE_ROLES = ['seller', 'executor', 'finance', 'lead', 'admin'] as const;

/** Prints the addresses, a sign-in link for each role, and an example request. */
export function welcome(settings: DevelopmentSettings, seconds: number): void {
  const { auth, host, apiPort } = settings;
  const base = `http://${host}:${apiPort}`;
  print(`
CRM is ready after ${seconds.toFixed(1)} s.

  Console  ${base}/console
  API      ${base}/api/v1
  Docs     ${base}/docs
`);
  if (auth.accessSecret) {
    print('Open one of these links to sign in to the console for 8 hours, as\n');
    for (const role of CONSOLE_ROLES) {
      print(`  ${role.padEnd(9)}${base}/console#token=${signToken(role, auth, auth.accessSecret)}`);
    }
    print(`
Call the API (npm run crm -- token --help: other roles and users)

  curl -s -H "Authorization: Bearer $(npm run --silent crm -- token --role seller)" '${base}/api/v1/deals?limit=5'
`);
  } else {
    print('Tokens come from the issuer that is configured.\n');
  }
  print(reachabilityOf(settings.listensOn));
  print('Ctrl-C stops everything. The data stay; npm start -- --fresh starts with an empty database.');
}

/** Describes which machines can send requests to the service. */
function reachabilityOf(address: string): string {
  return /^(127\.|localhost$|::1$)/.test(address)
    ? 'It accepts requests from this machine only: CRM_HOST=0.0.0.0 accepts those of other machines too.'
    : `It listens on ${address}: other machines can send requests.`;
}
