import { TEST_SECRET } from './access-token.js';

/** What differs from test to test. */
export interface TestServers {
  readonly databaseUrl: string;
  /** Events stay in the process when it is absent. */
  readonly rabbitmqUrl?: string;
  /** Queues live in PostgreSQL when it is absent. */
  readonly redis?: { readonly host: string; readonly port: number; readonly db?: number };
}

/**
 * A whole environment for `SettingsModule.forRoot`, taking nothing from the machine's own.
 * @param more further variables, e.g. `{ CRM_REQUIRE_IF_MATCH: 'true' }`.
 */
export function testEnvironment(servers: TestServers, more: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const { databaseUrl, rabbitmqUrl, redis } = servers;
  return {
    NODE_ENV: 'test',
    CRM_DATABASE_URL: databaseUrl,
    CRM_JWT_ACCESS_SECRET: TEST_SECRET,
    CRM_LOG_LEVEL: 'silent',
    // On a busy machine too a refusal is a rule's, not the clock's.
    CRM_DATABASE_ACQUIRE_TIMEOUT_MS: '60000',
    CRM_REQUESTS_PER_MINUTE: '1000000000',
    CRM_HOST: '127.0.0.1',
    CRM_PORT: '0',
    CRM_WORKER_PORT: '0',
    CRM_PUBLIC_URL: 'https://crm.example',
    ...(rabbitmqUrl && { CRM_RABBITMQ_URL: rabbitmqUrl }),
    ...(redis && { REDIS_HOST: redis.host, REDIS_PORT: String(redis.port), REDIS_DB: String(redis.db ?? 0) }),
    ...more,
  };
}

/**
 * A server of the test run, by the variable that jest's global setup names it in.
 * @throws Error when it is unset.
 */
export function testServer(variable: 'CRM_TEST_DATABASE_URL' | 'CRM_TEST_RABBITMQ_URL'): string {
  const url = process.env[variable];
  if (!url) throw new Error(`${variable} is unset: run the test through its jest project`);
  return url;
}
