import { until } from '#platform/testing';
import { tryLimits } from '../support/broker/broker-limits.js';
import { recordOf } from '../support/broker/broker-record.js';
import {
  type Body,
  COVER,
  DOCUMENT_ID,
  FILE,
  type Listed,
  LOWERED_PREMIUM,
  OFFERS,
  runBrokerScenario,
  type BrokerScenario,
} from '../support/broker/broker-scenario.js';
import { BrokerTeam } from '../support/broker/broker-team.js';
import { faultsOf } from '../support/events/cloud-event-check.js';
import { FAR_DAY, type Reply } from '../support/crm-user.js';
import { EventConsumer } from '../support/events/event-consumer.js';
import { Installation } from '../support/programs/installation.js';
import { withFailureOutput } from '../support/programs/failure-output.js';

interface Entry extends Body {
  readonly seq: number;
}

interface Envelope {
  readonly type: string;
  readonly subject: string;
  readonly streamversion: number;
  readonly data: { readonly client_id: string };
}

const refusal = (status: number, code: string) => ({ status, body: { status, code } });
const ids = ({ body }: Reply<Listed>) => body.items.map(({ id }) => id);

describe('a sale by a brokerage, from the first call to next year’s policy', () => {
  let crm: Installation;
  let team: BrokerTeam;
  let consumer: EventConsumer;
  let scenario: BrokerScenario;

  beforeAll(
    withFailureOutput(async () => {
      crm = await Installation.start({ rabbitmq: true, redis: true });
      const [api] = await Promise.all([crm.api(), crm.worker()]);
      consumer = await EventConsumer.open(crm.broker.url, 'test.scenario');
      team = new BrokerTeam(api);
      scenario = await runBrokerScenario(team);
    }),
  );

  afterAll(async () => {
    await consumer?.close();
    await crm?.discard();
  });

  const journal = async (who = team.admin): Promise<readonly Entry[]> =>
    (await who.get<Listed<Entry>>(`${scenario.dealPath}/journal?limit=200`)).body.items;

  it('makes the seller the owner of the new client and deal', () => {
    const { client, deal } = scenario;
    const owner_id = team.seller.id;
    expect(client).toMatchObject({ status: 201, body: { kind: 'person', owner_id, version: 1 } });
    expect(deal).toMatchObject({
      status: 201,
      headers: { etag: '"1"', location: `/api/v1${scenario.dealPath}` },
      body: { client_id: client.body.id, stage: 'qualification', owner_id, executor_id: null, next_review_at: FAR_DAY },
    });
  });

  it('shows the deal to the executor assigned by the lead; the former executor gets 404', () => {
    const { first, seenByFirst, second, goneForFirst, seenBySecond } = scenario.assignment;
    expect(first).toMatchObject({ status: 200, body: { executor_id: team.otherExecutor.id, version: 2 } });
    expect(seenByFirst.body).toEqual(first.body);
    expect(second).toMatchObject({ status: 200, body: { executor_id: team.executor.id, version: 3 } });
    expect(goneForFirst).toMatchObject(refusal(404, 'deal_not_found'));
    expect(seenBySecond.body).toMatchObject({ items: [second.body], total: 1 });
  });

  it('makes each of three quotes ready once its required fields are complete', () => {
    const { added, tooEarly, filed, ready, lowered } = scenario.quoting;
    expect(added).toMatchObject(
      OFFERS.map((offer) => ({
        status: 201,
        body: {
          ...offer,
          owner_id: team.executor.id,
          status: 'draft',
          currency: 'RUB',
          validity_period: COVER,
          files: [],
        },
      })),
    );
    expect(tooEarly).toMatchObject(refusal(400, 'files_required_for_ready'));
    expect(filed).toMatchObject(OFFERS.map(() => ({ status: 200, body: { files: [FILE], version: 2 } })));
    expect(ready).toMatchObject(
      OFFERS.map(() => ({ status: 200, body: { status: 'ready', expired: false, version: 3 } })),
    );
    expect(lowered).toMatchObject({
      status: 200,
      body: { premium_amount: LOWERED_PREMIUM, status: 'ready', version: 4 },
    });
  });

  it('lets the seller compare them, the lowest premium first', () => {
    const { added, comparison } = scenario.quoting;
    const measurements = [
      {
        premium_amount: LOWERED_PREMIUM,
        per_mille: '32.000',
        premium_difference: '0.00',
        coverage_difference: '100000.00',
      },
      {
        premium_amount: '78000.00',
        per_mille: '32.500',
        premium_difference: '1200.00',
        coverage_difference: '100000.00',
      },
      { premium_amount: '96000.00', per_mille: '38.400', premium_difference: '19200.00', coverage_difference: '0.00' },
    ];
    const items = measurements.map((measurement, index) => ({
      ...measurement,
      quote_id: added[index]!.body.id,
      status: 'ready',
    }));
    expect(comparison.body).toMatchObject({ items });
    expect(comparison.body.items).toHaveLength(3);
  });

  it('lets the seller confirm one quote, refuses the executor, and archives the others', () => {
    const { proposed, confirmedByExecutor, confirmed, revisedTooLate, archived, revived } = scenario.choice;
    expect(proposed).toMatchObject({ status: 200, body: { stage: 'proposal', status: 'proposal' } });
    expect(confirmedByExecutor).toMatchObject(refusal(403, 'forbidden'));
    expect(confirmed).toMatchObject({ status: 200, body: { status: 'confirmed', linked_policy_id: null, version: 4 } });
    expect(revisedTooLate).toMatchObject(refusal(400, 'quote_update_forbidden'));
    expect(archived).toMatchObject([
      { status: 200, body: { status: 'archived', version: 5 } },
      { status: 200, body: { status: 'archived', version: 4 } },
    ]);
    expect(revived).toMatchObject(refusal(409, 'quote_transition_forbidden'));
  });

  it('drafts one policy from the confirmed quote, and activates it once it has a number', () => {
    const { drafted, draftedTwice, incomplete, numbered, filed, activated, found, quoteNow } = scenario.issue;
    const { insurance_company, premium_amount: premium } = OFFERS[1];
    const quote_id = scenario.quoting.added[1]!.body.id;
    const cover = { insurance_company, premium, currency: 'RUB', effective_from: COVER.start, effective_to: COVER.end };
    const parties = { client_id: scenario.client.body.id, deal_id: scenario.deal.body.id, owner_id: team.seller.id };
    const draft = { ...cover, ...parties, quote_id, status: 'draft', policy_number: null, renews_policy_id: null };
    expect(drafted).toMatchObject({ status: 201, body: draft });
    expect(draftedTwice).toMatchObject(refusal(409, 'quote_already_linked'));
    expect(incomplete).toMatchObject(refusal(400, 'policy_incomplete'));
    expect(numbered).toMatchObject({ status: 200, body: { policy_number: 'КС-2099 000 001', version: 2 } });
    const document = { owner_type: 'policy', owner_id: drafted.body.id, document_id: DOCUMENT_ID };
    expect(filed).toMatchObject({ status: 201, body: { ...document, created_by_id: team.executor.id } });
    expect(activated).toMatchObject({
      status: 200,
      body: { ...cover, status: 'active', renewal_due: false, version: 3 },
    });
    expect(found.body).toMatchObject({ items: [activated.body], total: 1 });
    expect(quoteNow.body).toEqual({ ...scenario.choice.confirmed.body, linked_policy_id: drafted.body.id });
  });

  it('accepts notes but no quotes after the deal was won', () => {
    const { won, quotedTooLate, note } = scenario.closing;
    const closed_at = won.body.updated_at;
    expect(won).toMatchObject({ status: 200, body: { stage: 'closedWon', status: 'won', closed_at, version: 5 } });
    expect(quotedTooLate).toMatchObject(refusal(409, 'deal_closed'));
    expect(note).toMatchObject({ status: 201, body: { kind: 'note', author_id: team.seller.id } });
  });

  it('renews the policy for the next year, once', () => {
    const { ending, drafted, renewedTwice, activated, closed } = scenario.renewal;
    const { id, quote_id: _, ...old } = scenario.issue.activated.body;
    const { insurance_company, deal_id, client_id, owner_id, currency } = old;
    const taken = { insurance_company, deal_id, client_id, owner_id, currency };
    const terms = { premium: '81900.00', policy_number: 'КС-2100 000 001' };
    const year = { effective_from: '2100-03-01', effective_to: '2101-02-28' };
    expect(ids(ending)).toEqual([id]);
    expect(drafted).toMatchObject({
      status: 201,
      body: { ...taken, ...terms, ...year, status: 'draft', quote_id: null, renews_policy_id: id },
    });
    expect(renewedTwice).toMatchObject(refusal(409, 'policy_already_renewed'));
    expect(activated).toMatchObject({
      status: 200,
      body: { id: drafted.body.id, status: 'active', renews_policy_id: id },
    });
    expect(closed).toMatchObject({ status: 200, body: { id, status: 'closed', close_reason: 'replaced', version: 4 } });
  });

  it('records each change in the journal in order, with author, previous and current values', async () => {
    const recorded = recordOf(scenario, team);
    const entries = await journal();
    expect(entries.map(({ seq, kind, author_id, body, data }) => ({ seq, kind, author_id, body, data }))).toEqual(
      recorded.map(({ author, kind, body, data }, index) => ({
        seq: index + 1,
        kind,
        author_id: author.id,
        body,
        data,
      })),
    );
    const verdict = await team.admin.get(`${scenario.dealPath}/journal/verify`);
    expect(verdict.body).toEqual({ valid: true, entries: recorded.length, broken_at: null });
  });

  it('publishes to RabbitMQ in the order of the deal’s stream, in valid envelopes', async () => {
    const subject = scenario.dealPath.slice(1);
    const meant = recordOf(scenario, team).flatMap(({ author, keys, about, data }) =>
      keys.map((key) => ({ type: `crm.${key}`, actorid: author.id, ...contentOf(key, about, data) })),
    );
    const envelopes = (): Envelope[] =>
      consumer.messages.map(({ content }) => JSON.parse(content.toString()) as Envelope);
    const ofDeal = (): Envelope[] => envelopes().filter((event) => event.subject === subject);
    await until(() => ofDeal().length >= meant.length);
    const client_id = scenario.client.body.id;
    expect(ofDeal().map(({ type, streamversion }) => `${streamversion} ${type}`)).toEqual(
      meant.map(({ type }, index) => `${index + 1} ${type}`),
    );
    expect(ofDeal()).toMatchObject(
      meant.map(({ data, ...rest }) => ({ ...rest, data: { ...data, client_id, deal_id: scenario.deal.body.id } })),
    );
    const ofClient = envelopes().filter((event) => event.subject === `clients/${client_id}`);
    expect(ofClient.map(({ type }) => type)).toEqual(['crm.client.created']);
    expect(consumer.messages.flatMap(faultsOf)).toEqual([]);
    expect(consumer.account).toMatchObject({ duplicates: 0, outOfOrder: [], changed: [] });
  });

  it('is visible to the deal’s members and to roles that read everything', async () => {
    const entries = await journal();
    for (const who of [team.seller, team.executor, team.finance, team.lead]) {
      expect((await who.get<Body>(scenario.dealPath)).body).toEqual(scenario.closing.won.body);
      expect(await journal(who)).toEqual(entries);
      expect((await who.get<Listed>(`${scenario.dealPath}/quotes?include_total=true`)).body.total).toBe(3);
      expect((await who.get<Listed>('/policies?include_total=true')).body.total).toBe(2);
    }
  });

  it('is hidden from other users, and refuses changes that a role does not allow', async () => {
    const before = await journal();
    const { said, meant } = await tryLimits(scenario, team);
    expect(said).toEqual(meant);
    for (const who of [team.otherSeller, team.otherExecutor]) {
      for (const list of ['/clients', '/deals', '/policies']) {
        expect((await who.get(`${list}?include_total=true`)).body).toMatchObject({ items: [], total: 0 });
      }
    }
    expect(await journal()).toEqual(before);
  });
});

/** Data of an event: the resource, and previous values if it was changed. */
function contentOf(key: string, about: object, data: object): { data: object } {
  const previous = key.endsWith('.updated') && 'before' in data ? { previous: data.before } : {};
  return { data: { ...about, ...previous } };
}
