import type { QuoteView } from './contracts.js';

/** What every event of a quote tells: the quote as it is now, and who did it. */
abstract class QuoteEvent {
  constructor(
    readonly quote: QuoteView,
    /** UUID of the user. */
    readonly actorId: string,
    /** Values before the change, of the fields that changed. */
    readonly previous: Readonly<Partial<QuoteView>>,
  ) {}
}

export class QuoteAdded extends QuoteEvent {}

export class QuoteRevised extends QuoteEvent {}

export class QuoteStatusChanged extends QuoteEvent {}

export class QuoteDeleted extends QuoteEvent {
  constructor(
    quote: QuoteView,
    actorId: string,
    previous: Readonly<Partial<QuoteView>>,
    readonly deletedAt: string,
  ) {
    super(quote, actorId, previous);
  }
}
