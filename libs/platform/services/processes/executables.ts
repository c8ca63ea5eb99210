import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { ServiceError } from '../service-error.js';

/** Finds a program on PATH, and in the folders for administrators that PATH often lacks. */
export function findOnPath(program: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin'];
  return folders.map((folder) => join(folder, program)).find(isExecutable);
}

export function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/** Debian's policy file that prevents a package from starting its server; removed after the installation. */
const INSTALL = `
set -e
policy=/usr/sbin/policy-rc.d
[ ! -e $policy ] || mv $policy $policy.before-crm
trap 'rm -f $policy; [ ! -e $policy.before-crm ] || mv $policy.before-crm $policy' EXIT
trap 'exit 1' INT TERM HUP
printf '#!/bin/sh\\nexit 101\\n' > $policy
chmod 755 $policy
apt-get -o DPkg::Lock::Timeout=300 -qq update
apt-get -o DPkg::Lock::Timeout=300 -qq install --yes --no-install-recommends "$1"
`;

/**
 * Returns the path that `find` gives; on Debian and Ubuntu it first installs a missing package as root.
 *
 * @param debianPackage its name, which is also how it is named to the reader.
 * @throws ServiceError `missing` with what to install.
 */
export async function findOrInstall(debianPackage: string, find: () => string | undefined): Promise<string> {
  const found = find();
  if (found) return found;
  const remedy = `install ${debianPackage} (Debian, Ubuntu: apt-get install ${debianPackage}) or use one that runs elsewhere`;
  if (process.getuid?.() !== 0 || !existsSync('/etc/debian_version') || !findOnPath('apt-get')) {
    throw new ServiceError('missing', `${debianPackage} is not installed: ${remedy}.`);
  }
  await install(debianPackage);
  const installed = find();
  if (!installed) throw new ServiceError('missing', `${debianPackage} could not be installed by apt-get: ${remedy}.`);
  return installed;
}

let installing: Promise<void> = Promise.resolve();

/** Runs one installation at a time: two installations would restore each other's policy. */
async function install(debianPackage: string): Promise<void> {
  installing = installing.then(async () => {
    process.stderr.write(`Installing ${debianPackage} by apt-get, once …\n`);
    const apt = spawn('sh', ['-c', INSTALL, 'sh', debianPackage], {
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    await once(apt, 'exit');
  });
  await installing;
}
