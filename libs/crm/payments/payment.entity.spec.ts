import { newId } from '#platform/kernel';
import { Payment } from './payment.entity.js';
import type { PaymentFacts } from './payment-facts.js';
import { PaymentLineAdded, PaymentLineDeleted, PaymentLineRevised } from './payment.events.js';

const NOW = '2026-03-02T06:00:00.000Z';
const TODAY = '2026-03-02';
const SELLER = newId();
const DEAL = { id: newId(), clientId: newId(), ownerId: SELLER, executorId: null };
const LINE = { amount: '400.00', category: 'premium', postedAt: TODAY, note: null };

/** A stored payment of 1,000 roubles. */
function paymentOf(facts: Partial<PaymentFacts> = {}): Payment {
  const all = {
    plannedDate: TODAY,
    plannedAmount: '1000.00',
    currency: 'RUB',
    comment: null,
    actualDate: null,
    ...facts,
  };
  const payment = Payment.plan(newId(), { deal: DEAL, policyId: null, sequence: 1 }, all, TODAY, SELLER, NOW);
  return stored(payment);
}

function stored(payment: Payment): Payment {
  payment.uncommit();
  payment.loadedVersion = payment.currentVersion;
  return payment;
}

const code = (act: () => unknown): unknown => {
  try {
    act();
  } catch (error) {
    return (error as { code?: string }).code;
  }
  return undefined;
};

describe('a payment to which lines are added', () => {
  it('counts an income, and derives status and net total', () => {
    const payment = paymentOf();
    const line = payment.addLine('income', newId(), LINE, SELLER, NOW);
    expect(line.view).toMatchObject({ payment_id: payment.id, amount: '400.00', currency: 'RUB', nature: 'premium' });
    expect(payment.view).toMatchObject({
      ...{ incomes_total: '400.00', expenses_total: '0.00', net_total: '400.00', status: 'partially_paid', version: 2 },
    });
    expect(payment.getUncommittedEvents()).toEqual([expect.any(PaymentLineAdded)]);
    expect(payment.getUncommittedEvents()[0]).toMatchObject({
      ...{
        kind: 'income',
        line: line.view,
        previousLine: null,
        payment: payment.view,
        deal: DEAL,
        actorId: SELLER,
        at: NOW,
      },
      previous: { status: 'scheduled', net_total: '0.00', incomes_total: '0.00' },
    });
    expect(payment.changedLinesOf('income')).toEqual([line]);
  });

  it('counts an expense in the other total, without a change of status', () => {
    const payment = paymentOf();
    payment.addLine('expense', newId(), { ...LINE, amount: '50' }, SELLER, NOW);
    expect(payment.view).toMatchObject({ expenses_total: '50.00', net_total: '-50.00', status: 'scheduled' });
    expect(payment.getUncommittedEvents()).toMatchObject([{ previous: { net_total: '0.00', expenses_total: '0.00' } }]);
  });

  it.each([
    ['another currency', { currency: 'USD' }, 'currency_mismatch'],
    ['the next day', { postedAt: '2026-03-03' }, 'posted_at_in_future'],
  ])('refuses %s, and stays as it was', (_what, facts, expected) => {
    const payment = paymentOf();
    const before = payment.view;
    expect(code(() => payment.addLine('income', newId(), { ...LINE, ...facts }, SELLER, NOW))).toBe(expected);
    expect(payment.view).toEqual(before);
    expect(payment.getUncommittedEvents()).toEqual([]);
    expect(payment.changedLinesOf('income')).toEqual([]);
  });

  it('takes its currency in any case, with blanks', () => {
    const payment = paymentOf();
    expect(payment.addLine('income', newId(), { ...LINE, currency: ' rub ' }, SELLER, NOW).view.currency).toBe('RUB');
  });

  it('refuses decimals that its currency does not have', () => {
    const payment = paymentOf({ currency: 'JPY' });
    expect(code(() => payment.addLine('income', newId(), { ...LINE, amount: '1.50' }, SELLER, NOW))).toBe(
      'amount_precision',
    );
  });

  it('refuses a new line once it is cancelled, but not the correction of an old one', () => {
    const payment = paymentOf();
    const line = payment.addLine('income', newId(), LINE, SELLER, NOW);
    payment.cancel(SELLER, NOW);
    expect(code(() => payment.addLine('income', newId(), LINE, SELLER, NOW))).toBe('payment_cancelled');
    payment.reviseLine(line, { amount: '5.00' }, SELLER, NOW);
    expect(payment.view).toMatchObject({ status: 'cancelled', incomes_total: '5.00' });
  });

  it('refuses a total of more than twelve digits', () => {
    const payment = paymentOf();
    payment.addLine('income', newId(), { ...LINE, amount: '999999999999.98' }, SELLER, NOW);
    payment.addLine('income', newId(), { ...LINE, amount: '0.01' }, SELLER, NOW);
    expect(code(() => payment.addLine('income', newId(), { ...LINE, amount: '0.01' }, SELLER, NOW))).toBe(
      'total_too_large',
    );
  });
});

describe('a line of a payment', () => {
  const withLine = () => {
    const payment = paymentOf();
    const line = payment.addLine('income', newId(), LINE, SELLER, NOW);
    line.loadedVersion = line.currentVersion;
    return { payment: stored(payment), line };
  };

  it('changes the total by the difference', () => {
    const { payment, line } = withLine();
    payment.reviseLine(line, { amount: '1000', note: 'касса' }, SELLER, NOW);
    expect(payment.view).toMatchObject({ incomes_total: '1000.00', status: 'paid', version: 3 });
    expect(payment.getUncommittedEvents()).toEqual([expect.any(PaymentLineRevised)]);
    expect(payment.getUncommittedEvents()).toMatchObject([
      {
        line: { amount: '1000.00', note: 'касса', version: 2 },
        previousLine: { amount: '400.00', note: null },
        previous: { status: 'partially_paid', net_total: '400.00', incomes_total: '400.00' },
      },
    ]);
  });

  it('changes nothing when everything stays as it was', () => {
    const { payment, line } = withLine();
    payment.reviseLine(line, { amount: '400', currency: 'rub', postedAt: TODAY, note: null }, SELLER, NOW);
    expect(payment.getUncommittedEvents()).toEqual([]);
    expect([payment.currentVersion, line.currentVersion]).toEqual([2, 1]);
  });

  it('keeps a day in the future that it has, and refuses another one', () => {
    const { payment, line } = withLine();
    payment.today = '2026-03-01';
    payment.reviseLine(line, { amount: '1.00', postedAt: TODAY }, SELLER, NOW);
    expect(code(() => payment.reviseLine(line, { postedAt: '2026-03-03' }, SELLER, NOW))).toBe('posted_at_in_future');
  });

  it('is taken from the total when it is deleted', () => {
    const { payment, line } = withLine();
    payment.deleteLine(line, SELLER, NOW);
    expect(line.view).toMatchObject({ is_deleted: true, amount: '400.00', version: 2 });
    expect(payment.view).toMatchObject({ incomes_total: '0.00', status: 'scheduled' });
    expect(payment.getUncommittedEvents()).toEqual([expect.any(PaymentLineDeleted)]);
  });
});
