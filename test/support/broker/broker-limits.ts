import { type Body, COVER, OFFERS, type BrokerScenario } from './broker-scenario.js';
import type { BrokerTeam } from './broker-team.js';

/** A request that must be refused. */
interface Refused {
  readonly who: keyof BrokerTeam;
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly body?: object;
  /** Status and the problem's code. */
  readonly answer: string;
}

/** Sends each request that must be refused; returns actual and expected answers. */
export async function tryLimits(
  scenario: BrokerScenario,
  team: BrokerTeam,
): Promise<{ said: string[]; meant: string[] }> {
  const said: string[] = [];
  const meant: string[] = [];
  for (const { who, method, path, body, answer } of [...outOfSight(scenario), ...outOfReach(scenario)]) {
    const reply = await team[who].send<{ code?: string } | undefined>(method, path, body);
    said.push(`${who} ${method} ${path}: ${reply.status} ${reply.body?.code}`);
    meant.push(`${who} ${method} ${path}: ${answer}`);
  }
  return { said, meant };
}

/** Requests on resources outside the caller's scope, answered 404. */
function outOfSight({ dealPath, client, quoting, issue, assignment }: BrokerScenario): Refused[] {
  const policy = `/policies/${issue.drafted.body.id}`;
  const quote = `${dealPath}/quotes/${quoting.added[1]!.body.id}`;
  const noDeal = '404 deal_not_found';
  const noPolicy = '404 policy_not_found';
  const executor = assignment.second.body.executor_id;
  const requests: Omit<Refused, 'who'>[] = [
    { method: 'GET', path: dealPath, answer: noDeal },
    { method: 'PATCH', path: dealPath, body: { title: 'Mine' }, answer: noDeal },
    { method: 'PATCH', path: `${dealPath}/stage`, body: { stage: 'proposal' }, answer: noDeal },
    { method: 'GET', path: `${dealPath}/journal`, answer: noDeal },
    { method: 'POST', path: `${dealPath}/journal`, body: { body: 'I was here' }, answer: noDeal },
    { method: 'GET', path: `${dealPath}/quotes`, answer: noDeal },
    { method: 'GET', path: `${dealPath}/quotes/compare`, answer: noDeal },
    { method: 'POST', path: `${dealPath}/quotes`, body: { ...OFFERS[0], currency: 'RUB' }, answer: noDeal },
    { method: 'GET', path: quote, answer: noDeal },
    { method: 'POST', path: `${quote}/policy`, body: {}, answer: noDeal },
    { method: 'GET', path: policy, answer: noPolicy },
    { method: 'PATCH', path: policy, body: { effective_to: COVER.end }, answer: noPolicy },
    { method: 'POST', path: `${policy}/renew`, body: {}, answer: noPolicy },
    { method: 'GET', path: `${policy}/documents`, answer: noPolicy },
    { method: 'GET', path: `/clients/${client.body.id}`, answer: '404 client_not_found' },
  ];
  const mine = { method: 'PATCH', path: `${dealPath}/assignment`, body: { executor_id: executor } } as const;
  return (['otherSeller', 'otherExecutor'] as const).flatMap((who) => [
    ...requests.map((request) => ({ who, ...request })),
    { who, ...mine, answer: noDeal },
  ]);
}

/** Requests on visible resources without the right to change them, answered 403. */
function outOfReach({ dealPath, client, quoting, issue, assignment }: BrokerScenario): Refused[] {
  const policy = `/policies/${issue.drafted.body.id}`;
  const [first, second] = quoting.added.map(({ body }: { body: Body }) => `${dealPath}/quotes/${body.id}`);
  const assignee = { executor_id: assignment.first.body.executor_id };
  const sellersOwn: Omit<Refused, 'answer'>[] = [
    { who: 'executor', method: 'POST', path: `${second}/status`, body: { status: 'confirmed' } },
    { who: 'executor', method: 'POST', path: `${second}/status`, body: { status: 'archived' } },
    { who: 'executor', method: 'DELETE', path: first! },
    { who: 'executor', method: 'POST', path: '/clients', body: { name: 'Мой клиент', kind: 'person' } },
    { who: 'executor', method: 'PATCH', path: `/clients/${client.body.id}`, body: { name: 'Другая' } },
    { who: 'executor', method: 'DELETE', path: dealPath },
    { who: 'executor', method: 'GET', path: '/deals/stage-metrics' },
  ];
  const leadsOwn = (['seller', 'executor', 'finance'] as const).map((who) => {
    return { who, method: 'PATCH', path: `${dealPath}/assignment`, body: assignee } as const;
  });
  const readers: Omit<Refused, 'who' | 'answer'>[] = [
    { method: 'PATCH', path: `/clients/${client.body.id}`, body: { name: 'Другая' } },
    { method: 'PATCH', path: dealPath, body: { next_review_at: '2098-01-01' } },
    { method: 'POST', path: `${dealPath}/journal`, body: { body: 'Оплата пришла' } },
    { method: 'POST', path: `${dealPath}/quotes`, body: { ...OFFERS[0], currency: 'RUB' } },
    { method: 'PATCH', path: first!, body: { comments: 'Дорого' } },
    { method: 'POST', path: `${second}/status`, body: { status: 'archived' } },
    { method: 'PATCH', path: policy, body: { premium: '1.00', currency: 'RUB' } },
    { method: 'POST', path: `${policy}/renew`, body: {} },
    { method: 'POST', path: `${policy}/close`, body: { reason: 'void' } },
    { method: 'POST', path: `${policy}/documents`, body: { document_id: client.body.id } },
  ];
  const all = [...sellersOwn, ...leadsOwn, ...readers.map((request) => ({ who: 'finance' as const, ...request }))];
  return all.map((request) => ({ ...request, answer: '403 forbidden' }));
}
