import type { Type } from '@nestjs/common';
import type { Audience } from './audience.js';

/** What is said of a type of event where it is published. */
export interface EventDeclaration<D extends object> {
  /** Routing key, e.g. `deal.stage_changed`; a change that breaks subscribers is a new type, which ends in `.v2`. */
  readonly key: string;
  /** One sentence. */
  readonly meaning: string;
  /** What it is ordered with: `deals/{deal_id}`, each event one more version of that. */
  readonly stream: string;
  /** Who sees it on the event stream, beside those whose role sees all. */
  readonly followers: string;
  /** Type of its data: a class whose fields are declared like a resource's. */
  readonly data: Type<D>;
}

/** Of one fact, beside its data. */
interface FactOptions {
  /** Given when it must be known beforehand; made by the log otherwise. UUID. */
  readonly id?: string;
  /** Instead of the change's audience, for a fact with a larger audience. */
  readonly audience?: Audience;
}

/** A fact for other programs; {@link EventType.fact} makes it, so that only what is declared is ever published. */
export class LoggedFact {
  /** Brands the type, so that an object of the same shape is no fact. */
  declare protected readonly declared: true;
  readonly id?: string;
  readonly audience?: Audience;

  constructor(
    /** Routing key; the CloudEvent's type is `crm.` and this. */
    readonly type: string,
    readonly data: object,
    options: FactOptions,
  ) {
    Object.assign(this, options);
  }
}

/** A type of event: its meaning and the type of its data. The catalogue of events is the sum of these. */
export class EventType<D extends object = object> {
  constructor(readonly declaration: EventDeclaration<D>) {}

  get key(): string {
    return this.declaration.key;
  }

  /** An event of this type, for a change. */
  fact(data: D, options: FactOptions = {}): LoggedFact {
    return new LoggedFact(this.key, data, options);
  }
}
