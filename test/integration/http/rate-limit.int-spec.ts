import { RequestCounter } from '#platform/http';
import { newId } from '#platform/kernel';
import { accessToken, type TestApplication, until } from '#platform/testing';
import { Crm } from '../../support/crm.js';

const LIMIT = 5;
const MINUTE = 1 / 1_440;
type Headers = Readonly<{ authorization?: string }>;

function bearer(userId: string): Headers {
  return { authorization: `Bearer ${accessToken({ userId, roles: ['ROLE_SALES_AGENT'] })}` };
}

describe('the requests of one caller', () => {
  let crm: Crm;

  beforeAll(async () => {
    crm = await Crm.start({ CRM_REQUESTS_PER_MINUTE: String(LIMIT) });
  });
  beforeEach(() => crm.clock.advanceDays(MINUTE));
  afterAll(() => crm.stop());

  async function send(headers: Headers, api: TestApplication = crm.api, url = '/api/v1/deals') {
    const answer = await api.inject({ method: 'GET', url, headers });
    return { status: answer.statusCode, headers: answer.headers, body: answer.json<{ code?: string }>() };
  }

  /** The first request with a token counts for the address, because the token has not been verified yet. */
  async function known(userId: string, api: TestApplication = crm.api): Promise<Headers> {
    const headers = bearer(userId);
    expect(await send(headers, api)).toMatchObject({ status: 200 });
    return headers;
  }

  it('are refused with 429 rate_limited after the limit, until the next minute', async () => {
    const headers = await known(newId());
    for (let n = 1; n <= LIMIT; n++) {
      const answer = await send(headers);
      expect(answer.status).toBe(200);
      expect(answer.headers).toMatchObject({
        'ratelimit-limit': String(LIMIT),
        'ratelimit-remaining': String(LIMIT - n),
        'ratelimit-reset': '60',
      });
    }
    const refused = await send(headers);
    expect(refused).toMatchObject({ status: 429, body: { code: 'rate_limited', status: 429 } });
    expect(refused.headers).toMatchObject({ 'retry-after': '60', 'content-type': 'application/problem+json' });

    crm.clock.advanceDays(MINUTE);
    expect(await send(headers)).toMatchObject({ status: 200 });
  });

  it('do not count for another caller', async () => {
    const busy = await known(newId());
    const other = await known(newId());
    for (let n = 0; n < 2 * LIMIT; n++) await send(busy);
    expect(await send(busy)).toMatchObject({ status: 429 });
    expect(await send(other)).toMatchObject({ status: 200 });
  });

  it('count for the address without a valid token, so that a forged token does not count for its user', async () => {
    const userId = newId();
    const own = await known(userId);
    const forged = { authorization: `${own.authorization!.slice(0, -4)}AAAA` };
    const answers: number[] = [];
    for (let n = 0; n < LIMIT + 2; n++) answers.push((await send(forged)).status);
    expect(answers.filter((status) => status === 401)).not.toEqual([]);
    expect(answers.at(-1)).toBe(429);
    expect(await send(own)).toMatchObject({ status: 200 });
  });

  it('are not counted for probes', async () => {
    for (let n = 0; n < 3 * LIMIT; n++) {
      expect(await send({}, crm.api, '/health/live')).toMatchObject({ status: 200 });
    }
  });

  it('add up over the API processes that share Redis', async () => {
    const redis = {
      REDIS_HOST: process.env.CRM_TEST_REDIS_HOST!,
      REDIS_PORT: process.env.CRM_TEST_REDIS_PORT!,
      REDIS_DB: '11',
      CRM_REQUESTS_PER_MINUTE: String(LIMIT),
    };
    const [first, second] = [await crm.also(redis), await crm.also(redis)];
    const userId = newId();
    const headers = await known(userId, first);
    await known(userId, second);
    for (let n = 0; n < LIMIT; n++) expect(await send(headers, first)).toMatchObject({ status: 200 });
    await until(async () => {
      await first.nest.get(RequestCounter, { strict: false }).share();
      await second.nest.get(RequestCounter, { strict: false }).share();
      return (await send(headers, second)).status === 429;
    });
  });
});
