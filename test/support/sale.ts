import type { DealView } from '#crm/deals/contracts';
import type { PolicyView } from '#crm/policies/contracts';
import type { QuoteView } from '#crm/quotes/contracts';
import type { TestUser } from '#platform/testing';

/** A quote with all fields that status `ready` requires. */
export const WHOLE_QUOTE = {
  insurance_company: 'Ингосстрах',
  program_name: 'КАСКО Премиум',
  premium_amount: '85000.00',
  coverage_sum: '3400000.00',
  currency: 'RUB',
  calculation_date: '2026-03-01',
  validity_period: { start: '2026-03-15', end: '2027-03-14' },
  files: ['b0000000-0000-4000-8000-000000000001'],
};

/** A policy with all fields that status `active` requires, except the number. */
export const WHOLE_POLICY = {
  insurance_company: 'Ингосстрах',
  premium: '85000.00',
  currency: 'RUB',
  effective_from: '2026-03-15',
  effective_to: '2027-03-14',
};

/** Adds a quote to a deal as `by`. */
export async function addQuote(by: TestUser, deal: Pick<DealView, 'id'>, facts: object = {}): Promise<QuoteView> {
  const answer = await by.post<QuoteView>(`/deals/${deal.id}/quotes`, { ...WHOLE_QUOTE, ...facts });
  expect(answer).toMatchObject({ status: 201 });
  return answer.body;
}

/** Moves a quote through states, one after the other. */
export async function moveQuote(
  by: TestUser,
  quote: QuoteView,
  states: readonly string[],
  facts: object = {},
): Promise<QuoteView> {
  let moved = quote;
  for (const status of states) {
    const more = status === 'confirmed' ? facts : {};
    const answer = await by.post<QuoteView>(`/deals/${quote.deal_id}/quotes/${quote.id}/status`, { status, ...more });
    expect(answer).toMatchObject({ status: 200, body: { status } });
    moved = answer.body;
  }
  return moved;
}

let issued = 0;

/** A number that no other policy of the test file has. */
export function policyNumber(): string {
  issued += 1;
  return `NEW-${issued}`;
}

/** Drafts a policy as `by`; on a deal when the facts name one. */
export async function addPolicy(by: TestUser, facts: object): Promise<PolicyView> {
  const answer = await by.post<PolicyView>('/policies', { ...WHOLE_POLICY, policy_number: policyNumber(), ...facts });
  expect(answer).toMatchObject({ status: 201 });
  return answer.body;
}

/** Drafts a policy as `by` and activates it. */
export async function activePolicy(by: TestUser, facts: object): Promise<PolicyView> {
  const { id } = await addPolicy(by, facts);
  const answer = await by.post<PolicyView>(`/policies/${id}/activate`);
  expect(answer).toMatchObject({ status: 200, body: { status: 'active' } });
  return answer.body;
}
