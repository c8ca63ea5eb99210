import { openApiDocument } from '#platform/http';
import { newId } from '#platform/kernel';
import type { TestUser } from '#platform/testing';
import { OPEN_API } from '../../../apps/api/src/open-api.js';
import type { Crm } from '../crm.js';
import { addPayment } from '../money.js';
import { addPolicy, addQuote } from '../sale.js';

/** A list of the API. */
export interface ApiList {
  /** Path in the OpenAPI document. */
  readonly path: string;
  /** The values that its parameters may have, by name; empty for any. */
  readonly parameters: ReadonlyMap<string, readonly string[]>;
}

/** Every list that has cursors. */
export function listsOf(crm: Crm): readonly ApiList[] {
  const { paths } = openApiDocument(crm.api.nest, OPEN_API);
  return Object.entries(paths)
    .map(([path, { get }]) => ({ path, parameters: parametersOf(get?.parameters ?? []) }))
    .filter(({ parameters }) => parameters.has('cursor'));
}

function parametersOf(parameters: readonly object[]): ReadonlyMap<string, readonly string[]> {
  const named = parameters as readonly {
    readonly name: string;
    readonly schema?: { readonly enum?: readonly string[] };
  }[];
  return new Map(named.map(({ name, schema }) => [name, schema?.enum ?? []]));
}

/** Rows for every list, as the admin creates them, and the paths of the lists. */
export class EveryList {
  private ids: Readonly<Record<string, string>> = {};

  constructor(
    private readonly crm: Crm,
    readonly admin: TestUser,
  ) {}

  /** Creates rows: the first two at the same moment, the others 13 hours apart. Each other one has all dates. */
  async fill(count = 2): Promise<this> {
    const { crm, admin } = this;
    const deal = await crm.deal(admin, { client_id: (await crm.client(admin)).id });
    const policy = await addPolicy(admin, { deal_id: deal.id });
    const body = 'name,kind\r\nНовый,person\r\n';
    const file = await admin.post<{ id: string }>('/imports/clients', body, { 'content-type': 'text/csv' });
    const ids = { clients: deal.client_id, deals: deal.id, policies: policy.id, imports: file.body.id };
    this.ids = { ...ids, policy_id: policy.id };
    for (let number = 1; number <= count; number++) {
      if (number > 2) crm.clock.advanceDays(13 / 24);
      await this.fillBook(number);
      await this.fillDeal(number);
    }
    return this;
  }

  /** Path of a list, relative to `/api/v1`. */
  pathOf(list: string): string {
    const path = list.replace('/api/v1', '');
    const [, root = ''] = path.split('/');
    return path
      .replace('{id}', this.ids[root] ?? '')
      .replaceAll(/\{(\w+)\}/g, (_, name: string) => this.ids[name] ?? '');
  }

  private async fillBook(number: number): Promise<void> {
    const { crm, admin } = this;
    const { id: clientId } = await crm.client(admin, { name: `client ${number % 3}` });
    const deal = await crm.deal(admin, { client_id: clientId, next_review_at: `2026-03-1${number % 3}` });
    const dates = { effective_from: `2026-03-1${number % 3}`, effective_to: `2027-03-0${1 + (number % 3)}` };
    const none = { effective_from: null, effective_to: null };
    await addPolicy(admin, { deal_id: deal.id, ...(number % 2 === 0 ? dates : none) });
    if (number % 2 === 0) {
      const lost = { stage: 'closedLost', reason: 'Chose another broker' };
      expect(await admin.patch(`/deals/${deal.id}/stage`, lost)).toMatchObject({ status: 200 });
    }
    await admin.send('PUT', `/events/bookmarks/reports-${number}`, { body: { position: '0' } });
    await crm.database.rows(
      `INSERT INTO crm.import_errors (import_id, line, number, "column", code, detail) VALUES ($1, $2, 1, 'name', 'x', 'x')`,
      [this.ids.imports, number],
    );
  }

  private async fillDeal(number: number): Promise<void> {
    const { admin, ids } = this;
    const deal = { id: ids.deals! };
    const day = `2026-02-0${1 + (number % 3)}`;
    await addQuote(admin, deal, { calculation_date: day });
    const actual = number % 2 === 0 ? { actual_date: day } : {};
    await addPayment(admin, deal, { policy_id: ids.policies, planned_date: day, ...actual });
    await admin.post(`/deals/${deal.id}/journal`, { body: 'Звонил' });
    for (const owner of ['clients', 'deals', 'policies']) {
      await admin.post(`/${owner}/${ids[owner]}/documents`, { document_id: newId() });
    }
  }
}
