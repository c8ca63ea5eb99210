import { ApiProperty, IntersectionType, PartialType } from '@nestjs/swagger';
import { EnumField, ObjectField, TextField, UuidField } from '#platform/http';
import type { Instant } from '#platform/kernel';
import { EventType } from '#platform/messaging';
import { ReminderFacts } from '#platform/reminders';
import { QUOTE_STATUSES, type QuoteStatus, type QuoteView } from './contracts.js';
import { QuoteResource } from './quote.dto.js';

/** Common data of every event of a quote. */
class QuoteHappening {
  @UuidField()
  readonly deal_id!: string;

  @UuidField()
  readonly client_id!: string;

  @UuidField()
  readonly quote_id!: string;

  @ObjectField(() => QuoteResource, { description: 'The quote after it.' })
  readonly quote!: QuoteView;
}

class PreviousQuote extends PartialType(QuoteResource) {}

class QuoteChange extends QuoteHappening {
  @TextField({ min: 1, max: 64, each: true, description: 'Names of the fields that changed.' })
  readonly changed!: readonly string[];

  @ObjectField(() => PreviousQuote, { description: 'Their values before.' })
  readonly previous!: Readonly<Partial<QuoteView>>;
}

class QuoteStatusChange extends QuoteHappening {
  @EnumField(QUOTE_STATUSES)
  readonly from!: QuoteStatus;

  @EnumField(QUOTE_STATUSES)
  readonly to!: QuoteStatus;

  @UuidField({ nullable: true, description: 'The policy linked to the quote.' })
  readonly policy_id!: string | null;
}

class QuoteDeletion extends QuoteHappening {
  @ApiProperty({ type: 'string', format: 'date-time' })
  readonly deleted_at!: Instant;

  @UuidField()
  readonly deleted_by_id!: string;
}

class QuoteReminder extends IntersectionType(QuoteHappening, ReminderFacts) {}

const OF_DEAL = { stream: 'deals/{deal_id}', followers: 'owner and executor of the deal' } as const;

export const QUOTE_CREATED = new EventType({
  ...OF_DEAL,
  key: 'deal.quote.created',
  meaning: 'An insurer’s offer was added to a deal.',
  data: QuoteHappening,
});

export const QUOTE_UPDATED = new EventType({
  ...OF_DEAL,
  key: 'deal.quote.updated',
  meaning: 'A quote changed: its fields or its status.',
  data: QuoteChange,
});

export const QUOTE_DELETED = new EventType({
  ...OF_DEAL,
  key: 'deal.quote.deleted',
  meaning: 'A quote was deleted; the policy linked to it was released.',
  data: QuoteDeletion,
});

export const QUOTE_EXPIRED = new EventType({
  ...OF_DEAL,
  key: 'deal.quote.expired',
  meaning: 'The validity of a quote of an open deal ended yesterday, and no policy was issued for it.',
  data: QuoteReminder,
});

const STATUS_MEANINGS = {
  ready: 'A quote has all that the client needs to choose.',
  confirmed: 'The client chose this quote.',
  archived: 'A quote was put aside for good; the policy linked to it was released.',
} as const;

/** One for each status that a quote can reach. */
export const QUOTE_STATUS_REACHED: Readonly<Partial<Record<QuoteStatus, EventType<QuoteStatusChange>>>> =
  Object.fromEntries(
    Object.entries(STATUS_MEANINGS).map(([status, meaning]) => [
      status,
      new EventType({ ...OF_DEAL, key: `deal.quote.status.${status}`, meaning, data: QuoteStatusChange }),
    ]),
  );

/** Every type of event that quotes publish. */
export const QUOTE_EVENT_TYPES = [
  QUOTE_CREATED,
  QUOTE_UPDATED,
  QUOTE_DELETED,
  QUOTE_EXPIRED,
  ...Object.values(QUOTE_STATUS_REACHED),
];
