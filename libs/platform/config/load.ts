import type { SettingsClass } from './settings.js';

/** Every fault of the configuration at once, one line each, naming the variable; values are never printed. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';

  constructor(readonly faults: readonly string[]) {
    super(`The configuration has ${faults.length} fault(s):\n${faults.map((fault) => `  - ${fault}`).join('\n')}`);
  }
}

/** sysexits.h EX_CONFIG. */
const EX_CONFIG = 78;

type Loaded = ReadonlyMap<SettingsClass, object>;

/**
 * Reads the given concerns from `env`. An empty variable counts as unset.
 * @throws SettingsError naming every fault of every concern.
 */
export function loadSettings(env: NodeJS.ProcessEnv, concerns: readonly SettingsClass[]): Loaded {
  const faults: string[] = [];
  const production = env.NODE_ENV === 'production';
  const loaded = new Map<SettingsClass, object>();
  for (const concern of concerns) {
    const values: Record<string, unknown> = {};
    for (const [key, field] of Object.entries(concern.fields)) {
      const given = env[field.name] || field.fallback;
      if (given === undefined) {
        const isReplaced = field.alternative !== undefined && Boolean(env[field.alternative]);
        if (field.required || (production && field.requiredInProduction && !isReplaced)) {
          faults.push(`${field.name} is missing${field.required ? '' : ' (required in production)'}: ${field.doc}`);
        }
        continue;
      }
      try {
        values[key] = field.parse(given);
      } catch (error) {
        faults.push(`${field.name} ${(error as Error).message}`);
      }
    }
    loaded.set(concern, new concern(values));
  }
  const tokenKeys = ['CRM_JWT_ACCESS_SECRET', 'CRM_JWT_PUBLIC_KEY', 'CRM_JWT_JWKS_URL'].filter((name) => env[name]);
  const needsTokenKey = concerns.some((concern) => 'accessSecret' in concern.fields);
  if (needsTokenKey && tokenKeys.length === 0) {
    faults.push('no way to verify tokens: set CRM_JWT_ACCESS_SECRET, CRM_JWT_PUBLIC_KEY or CRM_JWT_JWKS_URL');
  }
  if (needsTokenKey && tokenKeys.length > 1) faults.push(`${tokenKeys.join(' and ')} exclude each other: set one`);
  if (faults.length > 0) throw new SettingsError(faults);
  return loaded;
}

/** For the top of a program: prints a configuration's faults and exits 78; other errors go on. */
export function exitOnSettingsError(error: unknown): void {
  if (!(error instanceof SettingsError)) return;
  process.stderr.write(`${error.message}\n`);
  process.exit(EX_CONFIG);
}
