import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { RemindersModule } from '#platform/reminders';
import { AddQuoteHandler } from './commands/add-quote.command.js';
import { ChangeQuoteStatusHandler } from './commands/change-quote-status.command.js';
import { DeleteQuoteHandler } from './commands/delete-quote.command.js';
import { DraftPolicyHandler } from './commands/draft-policy.command.js';
import { ReviseQuoteHandler } from './commands/revise-quote.command.js';
import { CompareQuotesHandler } from './queries/compare-quotes.query.js';
import { GetQuoteHandler } from './queries/get-quote.query.js';
import { ListQuotesHandler } from './queries/list-quotes.query.js';
import { QuotedCurrenciesHandler } from './queries/quoted-currencies.query.js';
import { QUOTE_EXPIRIES } from './reminders/quote-expiries.js';
import { Quote } from './quote.entity.js';
import { QuoteRepository } from './quote.repository.js';
import { QuotesController } from './quotes.controller.js';
import { QuotesPublisher } from './quotes.publisher.js';

const COMMANDS = [
  AddQuoteHandler,
  ReviseQuoteHandler,
  ChangeQuoteStatusHandler,
  DraftPolicyHandler,
  DeleteQuoteHandler,
];
const QUERIES = [GetQuoteHandler, ListQuotesHandler, CompareQuotesHandler, QuotedCurrenciesHandler];

/** What a quote is and can do. */
@Module({
  imports: [TypeOrmModule.forFeature([Quote])],
  providers: [QuoteRepository, QuotesPublisher, ...COMMANDS, ...QUERIES],
})
export class QuotesModule {}

/** Its routes. */
@Module({ imports: [QuotesModule], controllers: [QuotesController] })
export class QuotesHttpModule {}

/** Background work for quotes. */
@Module({ imports: [RemindersModule.forFeature(QUOTE_EXPIRIES)] })
export class QuotesWorkerModule {}
