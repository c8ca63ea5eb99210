import { AuthSettings, loadSettings } from '#platform/config';
import { type BrowserRequest, CrossSiteCheck } from './cross-site-check.js';

const CHECK = new CrossSiteCheck(
  loadSettings(
    { CRM_JWT_ACCESS_SECRET: 's'.repeat(32), CRM_ALLOWED_ORIGINS: 'https://console.example, http://localhost:3000' },
    [AuthSettings],
  ).get(AuthSettings) as AuthSettings,
);

const COOKIE = { cookie: 'crm_access_token=x.y.z' };

function refusalOf(
  headers: BrowserRequest['headers'],
  { method = 'POST', host = 'crm.example', inQuery = false } = {},
) {
  const query = inQuery ? { access_token: 'x.y.z' } : {};
  try {
    const routeOptions = { config: { takesTokenInQuery: inQuery } };
    CHECK.require({ method, host, headers, query, raw: { rawHeaders: [] }, routeOptions });
    return undefined;
  } catch (error) {
    const { kind, code } = error as { kind: string; code: string };
    return { kind, code };
  }
}

const REFUSED = { kind: 'forbidden', code: 'cross_site_request' };

describe('a change with a token from a cookie', () => {
  it.each([
    ['a page of ours', { 'sec-fetch-site': 'same-origin' }],
    ['a typed address', { 'sec-fetch-site': 'none' }],
    ['an allowed origin', { 'sec-fetch-site': 'same-site', origin: 'https://console.example' }],
    ['an allowed origin of an old browser', { origin: 'http://localhost:3000' }],
    ['the own host', { origin: 'https://crm.example' }],
  ])('is taken from %s', (_name, headers) => {
    expect(refusalOf({ ...COOKIE, ...headers })).toBeUndefined();
  });

  it.each([
    ['neither header', {}],
    ['a page of another site', { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }],
    ['another page of the same site', { 'sec-fetch-site': 'same-site', origin: 'https://wiki.crm.example' }],
    [
      'a page of another site that claims our origin',
      { 'sec-fetch-site': 'cross-site', origin: 'https://crm.example' },
    ],
    ['an unknown site', { 'sec-fetch-site': 'same-origin, cross-site' }],
    ['an opaque origin', { origin: 'null' }],
    ['another origin', { origin: 'https://evil.example' }],
    ['another port', { origin: 'https://crm.example:8443' }],
    ['a longer name', { origin: 'https://crm.example.evil.example' }],
    ['no origin', { origin: 'crm.example' }],
    ['no host in the origin', { origin: 'file://' }],
    ['a browser extension with the own host name', { origin: 'chrome-extension://crm.example' }],
    ['another extension with the own host name', { origin: 'moz-extension://crm.example' }],
    ['a file of the own host name', { origin: 'file://crm.example' }],
    ['another scheme with the own host name', { origin: 'ftp://crm.example' }],
  ])('is refused with 403 cross_site_request: %s', (_name, headers) => {
    expect(refusalOf({ ...COOKIE, ...headers })).toEqual(REFUSED);
  });

  it.each([
    ['https://crm.example', 'crm.example:443'],
    ['http://crm.example', 'crm.example:80'],
    ['http://127.0.0.1:8082', '127.0.0.1:8082'],
    ['http://[::1]:8082', '[::1]:8082'],
  ])('is taken from %s on the host %s', (origin, host) => {
    expect(refusalOf({ ...COOKIE, origin }, { host })).toBeUndefined();
  });

  it.each(['GET', 'HEAD', 'OPTIONS'])('excludes %s', (method) => {
    expect(refusalOf(COOKIE, { method })).toBeUndefined();
  });

  it.each(['POST', 'PUT', 'PATCH', 'DELETE'])('includes %s', (method) => {
    expect(refusalOf(COOKIE, { method })).toEqual(REFUSED);
  });

  it('excludes requests that carry the token in a header or the query', () => {
    const headers = { ...COOKIE, 'sec-fetch-site': 'cross-site' };
    expect(refusalOf({ ...headers, authorization: 'Bearer x.y.z' })).toBeUndefined();
    expect(refusalOf(headers, { inQuery: true })).toBeUndefined();
    expect(refusalOf({ ...headers, authorization: 'Basic eDp5' })).toEqual(REFUSED);
  });
});
