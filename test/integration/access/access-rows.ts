import type { DealView } from '#crm/deals/contracts';
import { addDays, newId } from '#platform/kernel';
import type { TestUser } from '#platform/testing';
import type { Crm } from '../../support/crm.js';
import { addLine, addPayment } from '../../support/money.js';
import { activePolicy, addPolicy, addQuote, moveQuote } from '../../support/sale.js';
import type { Gift, Given, Subject } from './access-rules.js';

/** The rows of one subject. */
export interface Rows {
  /** Ids by the row's name. */
  readonly ids: Readonly<Record<string, string>>;
  /** Query that filters a list to these rows. */
  readonly query: string;
}

/** Days by which payments are filtered: each set of rows has its own day. */
const FIRST_DAY = '2027-01-01';

/** Builder of the rows for a caller; an admin creates all of them. */
export class AccessRows {
  private readonly admin: TestUser;
  private layings = 0;

  constructor(private readonly crm: Crm) {
    this.admin = crm.user('admin');
  }

  lay(subject: Subject, caller: TestUser, given: Given | Gift | undefined): Promise<Rows> {
    if (subject === 'deal') return this.deals(caller);
    if (subject === 'payment') return this.payments(caller);
    return subject === 'client' ? this.clients(caller) : this.policies(caller, given === 'inForce');
  }

  /** @returns the further ids of a request's path or body. */
  async give(
    given: Given | Gift | undefined,
    subject: Subject,
    id: string,
    caller: TestUser,
  ): Promise<Readonly<Record<string, string>>> {
    if (typeof given === 'function') return given(this.admin, id);
    if (given === 'anotherClient') return { another_id: await this.client({ owner_id: caller.id }) };
    if (given === 'document') return { document_id: await this.document(subject, id) };
    if (given === 'policy' || given === 'payment' || given === 'income' || given === 'expense') {
      return this.money(given, id);
    }
    const states = { draftQuote: [], readyQuote: ['ready'], confirmedQuote: ['ready', 'confirmed'] };
    if (given === undefined || given === 'inForce') return {};
    const deal = (await this.admin.get<DealView>(`/deals/${id}`)).body;
    const quote = await addQuote(this.admin, deal);
    return { qid: (await moveQuote(this.admin, quote, states[given])).id };
  }

  /** A policy of a deal, with its payments and lines. */
  private async money(given: 'policy' | 'payment' | 'income' | 'expense', dealId: string) {
    const policy = await addPolicy(this.admin, { deal_id: dealId });
    if (given === 'policy') return { policy_id: policy.id };
    const payment = await addPayment(this.admin, { id: dealId }, { policy_id: policy.id });
    const ids = { policy_id: policy.id, pid: payment.id };
    return given === 'payment' ? ids : { ...ids, lid: (await addLine(this.admin, payment, `${given}s`)).id };
  }

  private async deals({ id }: TestUser): Promise<Rows> {
    const title = newId();
    const client_id = await this.client({});
    const open = async (parties: object) => (await this.crm.deal(this.admin, { client_id, title, ...parties })).id;
    const ids = {
      own: await open({ owner_id: id, executor_id: newId() }),
      assigned: await open({ owner_id: newId(), executor_id: id }),
      foreign: await open({ owner_id: newId(), executor_id: newId() }),
      unowned: await open({}),
    };
    return { ids, query: `search=${title}` };
  }

  private async clients({ id }: TestUser): Promise<Rows> {
    const name = newId();
    const ids = {
      own: await this.client({ name, owner_id: id }),
      ofOwnDeal: await this.client({ name, owner_id: newId() }),
      ofAssignedDeal: await this.client({ name, owner_id: newId() }),
      foreign: await this.client({ name, owner_id: newId() }),
      unowned: await this.client({ name }),
    };
    await this.crm.deal(this.admin, { client_id: ids.ofOwnDeal, owner_id: id });
    await this.crm.deal(this.admin, { client_id: ids.ofAssignedDeal, owner_id: newId(), executor_id: id });
    return { ids, query: `search=${name}` };
  }

  private async policies(caller: TestUser, areInForce: boolean): Promise<Rows> {
    const deals = await this.deals(caller);
    const { body: deal } = await this.admin.get<DealView>(`/deals/${deals.ids.own!}`);
    const add = async (subject: object) =>
      (await (areInForce ? activePolicy(this.admin, subject) : addPolicy(this.admin, subject))).id;
    const ids: Record<string, string> = {};
    for (const [row, deal_id] of Object.entries(deals.ids)) ids[row] = await add({ deal_id });
    for (const row of ['ownAlone', 'foreignAlone']) ids[row] = await add({ client_id: deal.client_id });
    // The creator of a policy owns it. A policy of a deal gives its own owner no right.
    for (const [row, owner] of [
      ['ownAlone', caller.id],
      ['foreignAlone', newId()],
      ['foreign', caller.id],
    ] as const) {
      await this.crm.database.rows('UPDATE crm.policies SET owner_id = $2 WHERE id = $1', [ids[row], owner]);
    }
    return { ids, query: `client_id=${deal.client_id}` };
  }

  private async payments(caller: TestUser): Promise<Rows> {
    const deals = await this.deals(caller);
    const day = addDays(FIRST_DAY, this.layings++);
    const ids: Record<string, string> = {};
    for (const [row, id] of Object.entries(deals.ids)) {
      ids[row] = (await addPayment(this.admin, { id }, { planned_date: day })).id;
    }
    return { ids, query: `planned_from=${day}&planned_to=${day}` };
  }

  private async client(facts: object): Promise<string> {
    return (await this.crm.client(this.admin, facts)).id;
  }

  private async document(subject: Subject, id: string): Promise<string> {
    const documentId = newId();
    const collection = subject === 'policy' ? 'policies' : `${subject}s`;
    const answer = await this.admin.post(`/${collection}/${id}/documents`, { document_id: documentId });
    expect(answer).toMatchObject({ status: 201 });
    return documentId;
  }
}
