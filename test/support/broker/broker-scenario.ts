import { randomUUID } from 'node:crypto';
import type { BrokerTeam } from './broker-team.js';
import { FAR_DAY, type Reply } from '../crm-user.js';

/** A resource in an answer of the API. */
export type Body = Readonly<Record<string, unknown>> & { readonly id: string };
/** A page of a list. */
export interface Listed<T = Body> {
  readonly items: readonly T[];
  readonly total?: number;
}

/** Far in the future, so that no job of the worker changes these rows. */
export const COVER = { start: '2099-03-01', end: '2100-02-28' };
export const FILE = 'insurers/offer.pdf';
export const DOCUMENT_ID = randomUUID();

const ANCHOR = { insurance_company: 'Янтарный якорь', program_name: 'КАСКО Стандарт', coverage_sum: '2400000.00' };
const HARBOUR = { insurance_company: 'Тихая гавань', program_name: 'КАСКО Оптима', coverage_sum: '2400000.00' };
const SAIL = { insurance_company: 'Белый парус', program_name: 'КАСКО Премиум', coverage_sum: '2500000.00' };

/** Offers of three insurers; the first one lowers its premium before the client chooses. */
export const OFFERS = [
  { ...ANCHOR, premium_amount: '84000.00' },
  { ...HARBOUR, premium_amount: '78000.00' },
  { ...SAIL, premium_amount: '96000.00' },
] as const;
export const LOWERED_PREMIUM = '76800.00';

/**
 * Plays a sale from the first call to next year's policy; returns every answer.
 * @throws Error when a request that must succeed is refused.
 */
export async function runBrokerScenario(team: BrokerTeam) {
  const call = await takeCall(team);
  const dealPath = `/deals/${call.deal.body.id}`;
  const assignment = await assign(team, dealPath);
  const quoting = await quote(team, dealPath);
  const choice = await choose(
    team,
    dealPath,
    quoting.added.map(({ body }) => body.id),
  );
  const issue = await issuePolicy(team, dealPath, quoting.added[1]!.body.id);
  const closing = await win(team, dealPath);
  const renewal = await renew(team, issue.drafted.body.id);
  return { ...call, dealPath, assignment, quoting, choice, issue, closing, renewal };
}

export type BrokerScenario = Awaited<ReturnType<typeof runBrokerScenario>>;

async function takeCall({ seller }: BrokerTeam) {
  const client = await done(seller.post<Body>('/clients', { name: 'Иванова Мария Петровна', kind: 'person' }));
  const title = 'КАСКО, Camry';
  const deal = await done(seller.post<Body>('/deals', { client_id: client.body.id, title, next_review_at: FAR_DAY }));
  return { client, deal };
}

/** The lead assigns the deal to one executor, then to another. */
async function assign({ lead, executor, otherExecutor }: BrokerTeam, deal: string) {
  const first = await done(lead.patch<Body>(`${deal}/assignment`, { executor_id: otherExecutor.id }));
  const seenByFirst = await done(otherExecutor.get<Body>(deal));
  const second = await done(lead.patch<Body>(`${deal}/assignment`, { executor_id: executor.id }));
  const goneForFirst = await otherExecutor.get<Body>(deal);
  const seenBySecond = await done(executor.get<Listed>('/deals?include_total=true'));
  return { first, seenByFirst, second, goneForFirst, seenBySecond };
}

/** Three quotes, made ready; then the first insurer lowers its premium. */
async function quote({ executor, seller }: BrokerTeam, deal: string) {
  const added: Reply<Body>[] = [];
  for (const offer of OFFERS) {
    added.push(
      await done(executor.post<Body>(`${deal}/quotes`, { ...offer, currency: 'RUB', validity_period: COVER })),
    );
  }
  const paths = added.map(({ body }) => `${deal}/quotes/${body.id}`);
  const tooEarly = await executor.post<Body>(`${paths[0]}/status`, { status: 'ready' });
  const filed: Reply<Body>[] = [];
  const ready: Reply<Body>[] = [];
  for (const path of paths) {
    filed.push(await done(executor.patch<Body>(path, { files: [FILE] })));
    ready.push(await done(executor.post<Body>(`${path}/status`, { status: 'ready' })));
  }
  const lowered = await done(executor.patch<Body>(paths[0]!, { premium_amount: LOWERED_PREMIUM }));
  const comparison = await done(seller.get<Listed>(`${deal}/quotes/compare`));
  return { added, tooEarly, filed, ready, lowered, comparison };
}

/** The client takes the second offer. */
async function choose({ seller, executor }: BrokerTeam, deal: string, quoteIds: readonly string[]) {
  const [first, second, third] = quoteIds.map((id) => `${deal}/quotes/${id}`);
  const proposed = await done(seller.patch<Body>(`${deal}/stage`, { stage: 'proposal' }));
  const confirmedByExecutor = await executor.post<Body>(`${second}/status`, { status: 'confirmed' });
  const confirmed = await done(seller.post<Body>(`${second}/status`, { status: 'confirmed' }));
  const revisedTooLate = await executor.patch<Body>(second!, { premium_amount: '1.00' });
  const archived = [
    await done(seller.post<Body>(`${first}/status`, { status: 'archived' })),
    await done(seller.post<Body>(`${third}/status`, { status: 'archived' })),
  ];
  const revived = await seller.post<Body>(`${first}/status`, { status: 'ready' });
  return { proposed, confirmedByExecutor, confirmed, revisedTooLate, archived, revived };
}

async function issuePolicy({ executor, seller }: BrokerTeam, deal: string, quoteId: string) {
  const drafted = await done(executor.post<Body>(`${deal}/quotes/${quoteId}/policy`, {}));
  const draftedTwice = await executor.post<Body>(`${deal}/quotes/${quoteId}/policy`, {});
  const policy = `/policies/${drafted.body.id}`;
  const incomplete = await executor.post<Body>(`${policy}/activate`, {});
  const numbered = await done(executor.patch<Body>(policy, { policy_number: 'КС-2099 000 001' }));
  const filed = await done(executor.post<Body>(`${policy}/documents`, { document_id: DOCUMENT_ID, title: 'Полис' }));
  const activated = await done(executor.post<Body>(`${policy}/activate`, {}));
  const found = await done(seller.get<Listed>('/policies?number=kc2099000001&include_total=true'));
  const quoteNow = await done(seller.get<Body>(`${deal}/quotes/${quoteId}`));
  return { drafted, draftedTwice, incomplete, numbered, filed, activated, found, quoteNow };
}

async function win({ seller, executor }: BrokerTeam, deal: string) {
  const won = await done(seller.patch<Body>(`${deal}/stage`, { stage: 'closedWon' }));
  const quotedTooLate = await executor.post<Body>(`${deal}/quotes`, { ...OFFERS[0], currency: 'RUB' });
  const note = await done(seller.post<Body>(`${deal}/journal`, { body: 'Позвонить за месяц до конца полиса' }));
  return { won, quotedTooLate, note };
}

/** Next year: the seller renews, the admin puts the new policy into force and closes the old one. */
async function renew({ seller, lead, admin }: BrokerTeam, policyId: string) {
  const policy = `/policies/${policyId}`;
  const ending = await done(lead.get<Listed>('/policies?ends_before=2100-03-31&status=active'));
  const terms = { policy_number: 'КС-2100 000 001', premium: '81900.00' };
  const drafted = await done(seller.post<Body>(`${policy}/renew`, terms));
  const renewedTwice = await seller.post<Body>(`${policy}/renew`, {});
  const activated = await done(admin.post<Body>(`/policies/${drafted.body.id}/activate`, {}));
  const closed = await done(admin.post<Body>(`${policy}/close`, { reason: 'replaced' }));
  return { ending, drafted, renewedTwice, activated, closed };
}

async function done<T>(answer: Promise<Reply<T>>): Promise<Reply<T>> {
  const reply = await answer;
  if (reply.status >= 400)
    throw new Error(`the scenario was refused with ${reply.status}: ${JSON.stringify(reply.body)}`);
  return reply;
}
