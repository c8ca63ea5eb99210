import type { QuoteView } from './contracts.js';

/** Base of the events of a quote: its current state, and the actor. */
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
