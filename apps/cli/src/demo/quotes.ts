import { AddQuoteCommand, ChangeQuoteStatusCommand } from '#crm/quotes';
import { addDays } from '#platform/kernel';
import type { Act } from './act.js';
import type { DealHistory, Span } from './deal-history.js';
import type { Stage } from './deals.js';
import type { Dice } from './content/dice.js';
import { drawOffers, type Offer } from './content/offers.js';
import { OFFER_COMMENTS } from './content/remarks.js';
import type { WorkingTime } from './content/working-time.js';

/** Share of the deals in progress that have quotes. */
const SHARE_OF_DEALS = 0.25;

/** Parts of a deal's working time in which its quotes are added, made ready and chosen from. */
const ADDED = [0, 0.3] as const;
const READY = [0.35, 0.6] as const;
const CONFIRMED = [0.65, 0.72] as const;
const ARCHIVED = [0.75, 0.8] as const;

/** Outcome of the quotes of deals at a stage. */
interface Outcome {
  readonly count: readonly [least: number, most: number];
  /** Probability of each quote to be made ready. */
  readonly ready: number;
  /** Probability that one of them is confirmed. */
  readonly confirmed: number;
  /** Probability of each of the others to be archived. */
  readonly archived: number;
}

const OUTCOMES: Readonly<Record<Stage, Outcome>> = {
  qualification: { count: [0, 0], ready: 0, confirmed: 0, archived: 0 },
  negotiation: { count: [1, 3], ready: 0.4, confirmed: 0, archived: 0.05 },
  proposal: { count: [2, 3], ready: 0.85, confirmed: 0.35, archived: 0.3 },
  closedWon: { count: [2, 3], ready: 0.9, confirmed: 1, archived: 0.75 },
  closedLost: { count: [1, 2], ready: 0.75, confirmed: 0, archived: 0.5 },
};

/** A confirmed quote, with its id once it exists. */
export interface ConfirmedQuote {
  readonly history: DealHistory;
  readonly offer: Offer;
  id?: string;
}

/** The acts of quotes, and the confirmed ones. */
export interface Quoting {
  readonly acts: readonly Act[];
  readonly confirmed: readonly ConfirmedQuote[];
}

/** Quotes of some of the deals with progress. */
export function drawQuotes(histories: readonly DealHistory[], time: WorkingTime, dice: Dice): Quoting {
  const acts: Act[] = [];
  const confirmed: ConfirmedQuote[] = [];
  for (const history of histories) {
    if (!history.atWork || !dice.chance(SHARE_OF_DEALS)) continue;
    const outcome = OUTCOMES[history.deal.profile.stage];
    const offers = drawOffers(dice.whole(...outcome.count), history.deal.client.market, dice);
    const taken = dice.chance(outcome.confirmed) ? dice.pick(offers) : null;
    for (const offer of offers) {
      const quote = { history, offer };
      acts.push(...new QuoteLife(quote, history.atWork, time, dice).acts(outcome, offer === taken));
      if (offer === taken) confirmed.push(quote);
    }
  }
  return { acts, confirmed };
}

/** Acts of one quote. */
class QuoteLife {
  constructor(
    private readonly quote: ConfirmedQuote,
    private readonly span: Span,
    private readonly time: WorkingTime,
    private readonly dice: Dice,
  ) {}

  acts(outcome: Outcome, isTaken: boolean): Act[] {
    const { handler, salesperson } = this.quote.history;
    const isReady = isTaken || this.dice.chance(outcome.ready);
    const isArchived = !isTaken && isReady && this.dice.chance(outcome.archived);
    return [
      this.add(isReady),
      ...(isReady ? [this.moveTo('ready', handler, READY)] : []),
      ...(isTaken ? [this.moveTo('confirmed', salesperson, CONFIRMED)] : []),
      ...(isArchived ? [this.moveTo('archived', salesperson, ARCHIVED)] : []),
    ];
  }

  /** A permanent draft may lack fields that a ready quote requires. */
  private add(isComplete: boolean): Act {
    const { quote, dice } = this;
    const { history, offer } = quote;
    const age = this.ageIn(ADDED);
    const calculatedOn = this.time.day(age);
    const isFiled = isComplete || dice.chance(0.5);
    const facts = {
      insuranceCompany: offer.insurer.name,
      programName: isFiled ? offer.program : null,
      premiumAmount: isFiled || dice.chance(0.5) ? offer.premium : null,
      coverageSum: dice.chance(0.9) ? offer.coverage : null,
      currency: offer.currency,
      validityPeriod: isFiled ? { start: calculatedOn, end: addDays(calculatedOn, dice.whole(14, 60)) } : null,
      files: isFiled ? [dice.uuid()] : [],
      comments: dice.chance(0.2) ? dice.pick(OFFER_COMMENTS[history.deal.client.market]) : null,
    };
    return {
      at: this.time.ago(age),
      command: () => new AddQuoteCommand(history.handler, history.deal.id!, facts),
      done: ({ id }) => (quote.id = id),
    };
  }

  private moveTo(
    status: ChangeQuoteStatusCommand['status'],
    caller: ChangeQuoteStatusCommand['caller'],
    part: readonly [from: number, until: number],
  ): Act {
    const { quote } = this;
    return {
      at: this.time.ago(this.ageIn(part)),
      command: () => new ChangeQuoteStatusCommand(caller, quote.history.deal.id!, quote.id!, status, null),
    };
  }

  private ageIn([from, until]: readonly [from: number, until: number]): number {
    return this.span.from - this.dice.between(from, until) * (this.span.from - this.span.until);
  }
}
