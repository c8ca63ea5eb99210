import { dayFromToday, money } from '../format.js';
import { movesDeals, movesMoney, movesPolicies } from '../live/concerns.js';
import { csvRows } from '../live/csv.js';
import { Name, useFresh, useLive } from '../live/live.js';
import { dealHref } from '../live/route.js';
import { type Deal, type Listed, OPEN_STAGES, type Payment, type Policy } from '../resources.js';
import { Amount, DueDay, Panel, Shown } from './pieces.js';

const AHEAD_DAYS = 7;
const SHOWN = 100;
/** Refresh gap: the list needs an export, which occupies a connection, and few exports run at a time. */
const EXPORT_GAP_MS = 10_000;

/** Open tasks: overdue, due today, and due in the coming week. */
export function Due() {
  return (
    <>
      <div class="heading">
        <h1 tabIndex={-1}>Due</h1>
        <p class="muted">Overdue, today and in the next {AHEAD_DAYS} days; policies that end within 30 days</p>
      </div>
      <div class="panels">
        <Reviews />
        <Payments />
        <Renewals />
      </div>
    </>
  );
}

function Reviews() {
  const { api } = useLive();
  const stages = OPEN_STAGES.map((stage) => `stage=${stage}`).join('&');
  const reading = useFresh(
    'reviews',
    () => api.get<Listed<Deal>>(`/deals?${stages}&period=${AHEAD_DAYS}d&limit=${SHOWN}&include_total=true`),
    movesDeals,
  );
  return (
    <Panel id="reviews" title="Reviews of deals" count={reading.value?.total}>
      <Shown reading={reading}>
        {({ items }) => (
          <ul class="ledger">
            {items.map((deal) => (
              <li key={deal.id}>
                <span class="what">
                  <a href={dealHref(deal.id)}>{deal.title}</a>
                  <span class="client">
                    <Name kind="clients" id={deal.client_id} />
                  </span>
                </span>
                <span class="when">
                  <DueDay date={deal.next_review_at} />
                </span>
              </li>
            ))}
          </ul>
        )}
      </Shown>
    </Panel>
  );
}

function Payments() {
  const { api } = useLive();
  const until = dayFromToday(AHEAD_DAYS);
  const reading = useFresh(
    `payments until ${until}`,
    async () => {
      const file = await api.text(`/exports/payments?status=scheduled&status=partially_paid&planned_to=${until}`);
      const payments = csvRows(file) as unknown as Payment[];
      return payments.sort((one, other) => one.planned_date.localeCompare(other.planned_date));
    },
    movesMoney,
    EXPORT_GAP_MS,
  );
  return (
    <Panel id="payments" title="Payments to come in" count={reading.value?.length}>
      <Shown reading={reading}>
        {(payments) => (
          <ul class="ledger">
            {payments.slice(0, SHOWN).map((payment) => (
              <li key={payment.id}>
                <span class="what">
                  <a href={dealHref(payment.deal_id)}>
                    <Name kind="deals" id={payment.deal_id} />
                  </a>
                  <DueDay date={payment.planned_date} />
                </span>
                <span class="when">
                  <Amount amount={payment.planned_amount} currency={payment.currency} />
                  {payment.status !== 'scheduled' && <span class="small muted">in {money(payment.incomes_total)}</span>}
                </span>
              </li>
            ))}
          </ul>
        )}
      </Shown>
    </Panel>
  );
}

function Renewals() {
  const { api } = useLive();
  const reading = useFresh(
    'renewals',
    async () => {
      const list = await api.get<Listed<Policy>>(`/policies?renewal_due=true&limit=${SHOWN}&include_total=true`);
      return { ...list, items: [...list.items].sort(byEnd) };
    },
    movesPolicies,
  );
  return (
    <Panel id="renewals" title="Policies to renew" count={reading.value?.total}>
      <Shown reading={reading}>
        {({ items }) => (
          <ul class="ledger">
            {items.map(({ id, insurance_company: insurer, policy_number: number, ...policy }) => (
              <li key={id}>
                <span class="what">
                  {policy.deal_id ? <a href={dealHref(policy.deal_id)}>{number}</a> : number}
                  <span class="client">
                    {insurer} · <Name kind="clients" id={policy.client_id} />
                  </span>
                </span>
                <span class="when">{policy.effective_to && <DueDay date={policy.effective_to} />}</span>
              </li>
            ))}
          </ul>
        )}
      </Shown>
    </Panel>
  );
}

function byEnd(one: Policy, other: Policy): number {
  return (one.effective_to ?? '').localeCompare(other.effective_to ?? '');
}
