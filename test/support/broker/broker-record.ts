import { type Body, DOCUMENT_ID, type BrokerScenario } from './broker-scenario.js';
import type { BrokerTeam } from './broker-team.js';
import type { CrmUser, Reply } from '../crm-user.js';

/** An expected journal entry of the deal, with the events that are published with it. */
export interface Recorded {
  readonly author: CrmUser;
  readonly kind: 'note' | 'system';
  readonly body: string;
  readonly data: object;
  /** Routing keys, in order. */
  readonly keys: readonly string[];
  /** The data of each of these events, besides the ids of deal and client. */
  readonly about: object;
}

/** Expected journal entries and events of the scenario, in order; built from the answers of the API. */
export function recordOf(scenario: BrokerScenario, team: BrokerTeam): Recorded[] {
  return [
    ...beginning(scenario, team),
    ...quotes(scenario, team),
    ...choice(scenario, team),
    ...policy(scenario, team),
  ].concat(ending(scenario, team));
}

function beginning({ deal, assignment: { first, second } }: BrokerScenario, { seller, lead }: BrokerTeam): Recorded[] {
  const given = (before: Reply<Body>, after: Reply<Body>): Recorded =>
    recorded(lead, 'Deal assigned', ['deal.assigned', 'deal.updated'], {
      data: difference(before, after, ['executor_id']),
      about: { deal: after.body },
    });
  const opened = { data: { before: null, after: deal.body }, about: { deal: deal.body } };
  return [recorded(seller, 'Deal opened', ['deal.created'], opened), given(deal, first), given(first, second)];
}

function quotes({ quoting: { added, filed, ready, lowered } }: BrokerScenario, { executor }: BrokerTeam): Recorded[] {
  return [
    ...added.map(({ body }) =>
      recorded(executor, 'Quote added', ['deal.quote.created'], {
        data: { quote_id: body.id, before: null, after: body },
        about: { quote_id: body.id, quote: body },
      }),
    ),
    ...added.flatMap((quote, index) => [
      quoteChange(executor, 'Quote changed: files', quote, filed[index]!, 'files'),
      quoteChange(executor, 'Quote ready', filed[index]!, ready[index]!, 'status'),
    ]),
    quoteChange(executor, 'Quote changed: premium_amount', ready[0]!, lowered, 'premium_amount'),
  ];
}

function choice({ assignment, quoting, choice: chosen }: BrokerScenario, { seller }: BrokerTeam): Recorded[] {
  const [first, third] = chosen.archived;
  return [
    stageChange(seller, assignment.second, chosen.proposed),
    quoteChange(seller, 'Quote confirmed', quoting.ready[1]!, chosen.confirmed, 'status'),
    quoteChange(seller, 'Quote archived', quoting.lowered, first!, 'status'),
    quoteChange(seller, 'Quote archived', quoting.ready[2]!, third!, 'status'),
  ];
}

function policy(
  { issue: { drafted, numbered, filed, activated } }: BrokerScenario,
  { executor }: BrokerTeam,
): Recorded[] {
  return [
    policyDraft(executor, drafted),
    policyChange(executor, 'Policy changed: policy_number', drafted, numbered, 'policy_number'),
    recorded(executor, 'Document linked', ['deal.document.linked'], {
      data: { document_id: DOCUMENT_ID, before: null, after: filed.body },
      about: { policy_id: drafted.body.id, document_id: DOCUMENT_ID, link: filed.body },
    }),
    policyChange(executor, 'Policy activated', numbered, activated, 'status'),
  ];
}

function ending(
  { choice: chosen, issue, closing, renewal }: BrokerScenario,
  { seller, admin }: BrokerTeam,
): Recorded[] {
  const { body: note } = closing.note;
  const closed = {
    before: { status: 'active', close_reason: null },
    after: { status: 'closed', close_reason: 'replaced' },
  };
  return [
    stageChange(seller, chosen.proposed, closing.won),
    {
      ...recorded(seller, note.body as string, ['deal.journal.appended'], { data: {}, about: { entry_id: note.id } }),
      kind: 'note',
    },
    policyDraft(seller, renewal.drafted),
    policyChange(admin, 'Policy activated', renewal.drafted, renewal.activated, 'status'),
    recorded(admin, 'Policy closed: replaced', ['deal.policy.closed', 'deal.policy.updated'], {
      data: { policy_id: issue.drafted.body.id, ...closed },
      about: { policy: renewal.closed.body },
    }),
  ];
}

function stageChange(author: CrmUser, before: Reply<Body>, after: Reply<Body>): Recorded {
  const fields = ['status', 'stage', ...(after.body.closed_at === null ? [] : ['closed_at'])];
  const body = `Stage changed from ${String(before.body.stage)} to ${String(after.body.stage)}`;
  return recorded(author, body, ['deal.stage_changed', 'deal.updated'], {
    data: difference(before, after, fields),
    about: { deal: after.body },
  });
}

function quoteChange(author: CrmUser, body: string, before: Reply<Body>, after: Reply<Body>, field: string): Recorded {
  const { id, status } = after.body;
  const keys =
    field === 'status' ? [`deal.quote.status.${String(status)}`, 'deal.quote.updated'] : ['deal.quote.updated'];
  return recorded(author, body, keys, {
    data: { quote_id: id, ...difference(before, after, [field]) },
    about: { quote_id: id, quote: after.body },
  });
}

function policyDraft(author: CrmUser, { body }: Reply<Body>): Recorded {
  return recorded(author, 'Policy drafted', ['deal.policy.created'], {
    data: { policy_id: body.id, before: null, after: body },
    about: { policy_id: body.id, policy: body },
  });
}

function policyChange(author: CrmUser, body: string, before: Reply<Body>, after: Reply<Body>, field: string): Recorded {
  const { id } = after.body;
  const keys = field === 'status' ? ['deal.policy.activated', 'deal.policy.updated'] : ['deal.policy.updated'];
  return recorded(author, body, keys, {
    data: { policy_id: id, ...difference(before, after, [field]) },
    about: { policy_id: id, policy: after.body },
  });
}

function difference(before: Reply<Body>, after: Reply<Body>, fields: readonly string[]): object {
  const values = ({ body }: Reply<Body>) => Object.fromEntries(fields.map((field) => [field, body[field]]));
  return { before: values(before), after: values(after) };
}

function recorded(
  author: CrmUser,
  body: string,
  keys: readonly string[],
  { data, about }: Pick<Recorded, 'data' | 'about'>,
): Recorded {
  return { author, kind: 'system', body, data, keys, about };
}
