import { openApiDocument } from '#platform/http';
import { newId } from '#platform/kernel';
import { OPEN_API } from '../../../apps/api/src/open-api.js';
import { Crm } from '../../support/crm.js';

/** Refused by the interceptor, before a body is validated and before a handler runs. */
const MALFORMED_KEY = 'two words';

describe('a malformed Idempotency-Key', () => {
  let crm: Crm;

  beforeAll(async () => {
    crm = await Crm.start();
  });
  afterAll(() => crm.stop());

  const routes = () =>
    Object.entries(openApiDocument(crm.api.nest, OPEN_API).paths).flatMap(([path, item]) =>
      (['post', 'patch'] as const)
        .filter((method) => item[method])
        .map((method) => ({
          method: method === 'post' ? ('POST' as const) : ('PATCH' as const),
          path,
          isFile: JSON.stringify(item[method]!.requestBody ?? {}).includes('text/csv'),
        })),
    );

  it('is refused by every POST and PATCH route', async () => {
    const headers = { ...crm.user('admin').authorization, 'idempotency-key': MALFORMED_KEY };
    const answered = new Map<string, unknown>();
    for (const { method, path, isFile } of routes()) {
      const url = path.replaceAll(/\{\w+\}/g, newId());
      const file = isFile && { payload: 'id\r\n', headers: { ...headers, 'content-type': 'text/csv' } };
      const answer = await crm.api.inject({ method, url, headers, ...file });
      answered.set(`${method} ${path}`, answer.json<{ code?: string }>().code);
    }
    expect(answered.size).toBeGreaterThan(30);
    expect([...answered].filter(([, code]) => code !== 'malformed_idempotency_key')).toEqual([]);
  });
});
