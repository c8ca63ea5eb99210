import { ROLES } from '#platform/kernel';
import { print } from './command.js';
import type { DevelopmentSettings } from './development-settings.js';
import { signToken } from './token.js';

/** Says where everything is, and how to try it. */
export function welcome(settings: DevelopmentSettings, seconds: number): void {
  const { auth, host, apiPort, workerPort } = settings;
  const base = `http://${host}:${apiPort}`;
  print(`
CRM is ready after ${seconds.toFixed(1)} s.

  API      ${base}/api/v1
  Console  ${base}/console
  Docs     ${base}/docs
  Stream   ${base}/streams/deals
  Worker   http://${host}:${workerPort}/health/ready
`);
  if (auth.accessSecret) {
    print('A token for each role, for 8 hours (more: npm run crm -- token --role <role> --user <uuid>)\n');
    for (const role of ROLES) print(`  ${role.padEnd(9)}${signToken(role, auth, auth.accessSecret)}`);
    const seller = `-H 'Authorization: Bearer ${signToken('seller', auth, auth.accessSecret)}'`;
    print(`
List deals, add a client, follow what happens

  curl -s ${seller} '${base}/api/v1/deals?limit=5'
  curl -s ${seller} -H 'Content-Type: application/json' -d '{"name":"Demo client","kind":"person"}' ${base}/api/v1/clients
  curl -sN ${seller} ${base}/streams/deals
`);
  } else {
    print('Tokens come from the issuer that is configured.\n');
  }
  print('Ctrl-C stops everything. The data stay; npm start -- --fresh begins anew.');
}
