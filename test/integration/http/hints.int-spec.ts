import { Crm } from '../../support/crm.js';

describe('a refusal of a mistake', () => {
  let crm: Crm;

  beforeAll(async () => {
    crm = await Crm.start();
  });
  afterAll(() => crm.stop());

  it.each([
    ['/deals?stag=proposal', '`stage`'],
    ['/deals?status=won', '`stage`'],
    ['/deals/stage-metrics?status=won', '`stage`'],
    ['/deals?clientid=x', '`client_id`'],
    ['/policies?effective_from=2026-01-01', undefined],
    ['/policies?renewaldue=true', '`renewal_due`'],
    ['/clients?offset=10', undefined],
    [`/clients?${'x'.repeat(2_000)}=1`, undefined],
  ])('of a parameter, %s, names %s', async (path, meant) => {
    const answer = await crm.user('admin').get<{ errors: { code: string; detail: string }[] }>(path);
    expect(answer).toMatchObject({ status: 422, code: 'validation_failed' });
    const [error] = answer.body.errors;
    expect(error!.code).toBe('unknown_parameter');
    expect(/did you mean (\S+)\?$/.exec(error!.detail)?.[1]).toBe(meant);
  });

  it('of a token alone names the scheme', async () => {
    const { authorization } = crm.user('admin').authorization;
    const inject = (header: string) =>
      crm.api.inject({ method: 'GET', url: '/api/v1/deals', headers: { authorization: header } });
    const token = authorization!.replace('Bearer ', '');
    for (const [header, isHinted] of [
      [token, true],
      [`Basic ${token}`, false],
      ['', false],
    ] as const) {
      const response = await inject(header);
      expect(response.json()).toMatchObject({ status: 401, code: 'authorization_required' });
      expect(response.body.includes('Authorization: Bearer')).toBe(isHinted);
      expect(response.headers['www-authenticate']).toMatch(/^Bearer/);
    }
  });

  it('of a path without the prefix names the path with it', async () => {
    for (const [url, meant] of [
      ['/deals', '/api/v1/deals'],
      ['/deals/7/quotes?limit=1', '/api/v1/deals/7/quotes'],
      ['/nothing', undefined],
      ['/api/v1/nothing', undefined],
    ] as const) {
      const response = await crm.api.inject({ method: 'GET', url });
      expect(response.json()).toMatchObject({ status: 404, code: 'route_not_found' });
      expect(/Did you mean (\S+)\?/.exec(response.json<{ detail: string }>().detail)?.[1]).toBe(meant);
    }
  });
});
