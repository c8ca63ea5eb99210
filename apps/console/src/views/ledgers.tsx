import { day, isZero, money } from '../format.js';
import { useFresh, useLive } from '../live/live.js';
import type { Listed, Payment, Policy, Quote } from '../resources.js';
import { Amount, Badge, DueDay, Panel, Shown } from './pieces.js';

const LIMIT = 200;

interface Of {
  readonly dealId: string;
}

/** Rows of one kind that belong to a deal. */
function useOfDeal<T>({ dealId }: Of, path: string, word: string) {
  const { api } = useLive();
  return useFresh(
    `${path} ${dealId}`,
    () => api.get<Listed<T>>(path),
    (event) => event.deal_id === dealId && event.type.includes(word),
  );
}

export function Payments({ dealId }: Of) {
  const reading = useOfDeal<Payment>({ dealId }, `/deals/${dealId}/payments?limit=${LIMIT}`, '.payment.');
  return (
    <Panel id="payments" title="Payments" count={reading.value?.items.length}>
      <Shown reading={reading}>
        {({ items }) => (
          <ul class="ledger">
            {items.map((payment) => (
              <PaymentRow key={payment.id} payment={payment} />
            ))}
          </ul>
        )}
      </Shown>
    </Panel>
  );
}

function PaymentRow({ payment }: { readonly payment: Payment }) {
  const { sequence, status, planned_date: planned, incomes_total: came, expenses_total: went } = payment;
  const isOpen = status === 'scheduled' || status === 'partially_paid';
  return (
    <li>
      <span class="what">
        <span>
          № {sequence} · {isOpen ? <DueDay date={planned} /> : day(planned)} <Badge code={status} />
        </span>
        <span class="client">{payment.comment}</span>
      </span>
      <span class="when">
        <Amount amount={payment.planned_amount} currency={payment.currency} />
        {!(isZero(came) && isZero(went)) && (
          <span class="muted small">
            in {money(came)} · out {money(went)}
          </span>
        )}
      </span>
    </li>
  );
}

export function Quotes({ dealId }: Of) {
  const reading = useOfDeal<Quote>({ dealId }, `/deals/${dealId}/quotes?limit=${LIMIT}`, '.quote.');
  return (
    <Panel id="quotes" title="Quotes" count={reading.value?.items.length}>
      <Shown reading={reading}>
        {({ items }) => (
          <ul class="ledger">
            {items.map((quote) => (
              <li key={quote.id}>
                <span class="what">
                  <span>
                    {quote.insurance_company} <Badge code={quote.status} /> {quote.expired && <Badge code="expired" />}
                  </span>
                  <span class="client">
                    {quote.program_name}
                    {quote.validity_period && ` · valid until ${day(quote.validity_period.end)}`}
                  </span>
                </span>
                <span class="when">
                  <Amount amount={quote.premium_amount} currency={quote.currency} />
                  {quote.coverage_sum && <span class="muted small">cover {money(quote.coverage_sum)}</span>}
                </span>
              </li>
            ))}
          </ul>
        )}
      </Shown>
    </Panel>
  );
}

export function Policies({ dealId }: Of) {
  const reading = useOfDeal<Policy>({ dealId }, `/policies?deal_id=${dealId}&limit=${LIMIT}`, 'policy.');
  return (
    <Panel id="policies" title="Policies" count={reading.value?.items.length}>
      <Shown reading={reading}>
        {({ items }) => (
          <ul class="ledger">
            {items.map((policy) => (
              <li key={policy.id}>
                <span class="what">
                  <span>
                    {policy.policy_number ?? 'no number yet'} <Badge code={policy.status} />{' '}
                    {policy.renewal_due && <Badge code="renewal_due" />}
                  </span>
                  <span class="client">
                    {policy.insurance_company}
                    {policy.effective_from && policy.effective_to
                      ? ` · ${day(policy.effective_from)} – ${day(policy.effective_to)}`
                      : ''}
                  </span>
                </span>
                <span class="when">
                  <Amount amount={policy.premium} currency={policy.currency} />
                </span>
              </li>
            ))}
          </ul>
        )}
      </Shown>
    </Panel>
  );
}
