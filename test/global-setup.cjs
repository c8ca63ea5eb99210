/** Starts real servers once for all integration and end-to-end tests, unless CRM_TEST_… already name some. */
module.exports = async function globalSetup() {
  if (process.env.CRM_TEST_DATABASE_URL) return;
  const { ensureBuilt } = await import('../apps/cli/src/build.mjs');
  ensureBuilt();
  const { startServices } = await import('../dist/libs/platform/services/index.js');
  const servers = await startServices({ postgres: true, redis: true, rabbitmq: true });
  globalThis.stopServers = servers.stop;
  Object.assign(process.env, {
    CRM_TEST_DATABASE_URL: servers.postgres.url,
    CRM_TEST_RABBITMQ_URL: servers.rabbitmq.url,
    CRM_TEST_REDIS_HOST: '127.0.0.1',
    CRM_TEST_REDIS_PORT: String(servers.redis.port),
  });
};
