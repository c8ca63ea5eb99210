import { loadSettings, RedisSettings, RuntimeSettings } from '#platform/config';
import { Log } from '#platform/observability';
import { FixedClock } from '#platform/testing';
import { RequestCounter } from './request-counter.js';
import { SharedCounts } from './shared-counts.js';

const MINUTE_MS = 60_000;
/** No server listens on it. */
const CLOSED_PORT = '1';

describe('the counter of requests', () => {
  function counter(env: NodeJS.ProcessEnv = {}): RequestCounter {
    const loaded = loadSettings({ CRM_LOG_LEVEL: 'silent', ...env }, [RedisSettings, RuntimeSettings]);
    const log = new Log(loaded.get(RuntimeSettings) as RuntimeSettings);
    const shared = new SharedCounts(loaded.get(RedisSettings) as RedisSettings, log);
    return new RequestCounter(new FixedClock('2026-03-02T06:00:30.000Z'), shared);
  }

  it.each([
    ['without Redis', {}],
    ['while Redis is away', { REDIS_HOST: '127.0.0.1', REDIS_PORT: CLOSED_PORT }],
  ])('blocks the request after the limit %s', async (_, env) => {
    const requests = counter(env);
    for (const totalHits of [1, 2]) {
      expect(requests.increment('user:a', MINUTE_MS, 2)).toMatchObject({ totalHits, isBlocked: false });
      await requests.share();
    }
    expect(requests.increment('user:a', MINUTE_MS, 2)).toEqual({
      totalHits: 3,
      timeToExpire: 30,
      isBlocked: true,
    });
    expect(requests.increment('user:b', MINUTE_MS, 2)).toMatchObject({ totalHits: 1, isBlocked: false });
    requests.onApplicationShutdown();
  });
});
