import { Injectable } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { SurvivingClientQuery } from '#crm/clients/contracts';
import {
  type CheckedRow,
  type DuplicateRule,
  idRefused,
  type ImportContext,
  Importer,
  type ImportRow,
  type RowClaims,
  type RowOutcome,
} from '#crm/imports/contracts';
import { validatedBody } from '#platform/http';
import { newId } from '#platform/kernel';
import { DEAL_FILE_COLUMNS } from '../exports/deal-file.js';
import { Deal } from '../deal.entity.js';
import { clientNotChangeable, clientNotFound } from '../deal.errors.js';
import { DealRepository } from '../deal.repository.js';
import { DealRowDto } from './deal-row.dto.js';

type Row = CheckedRow<DealRowDto>;

/** Opens deals where they stand, or changes those whose id is known. */
@Injectable()
export class DealImporter extends Importer {
  readonly kind = 'deals';
  readonly columns = DEAL_FILE_COLUMNS;
  readonly required = ['client_id', 'title', 'next_review_at'] as const;
  readonly duplicateRules: readonly DuplicateRule[] = ['refuse', 'skip', 'update'];

  constructor(
    private readonly deals: DealRepository,
    private readonly queries: QueryBus,
  ) {
    super();
  }

  async take(rows: readonly ImportRow[], context: ImportContext, outcome: RowOutcome): Promise<void> {
    const checked = await outcome.checked(rows, (cells) => validatedBody(DealRowDto, cells));
    const claims = await outcome.claims(checked, ({ id }) => [id && `id ${id}`], context);
    const known = await this.deals.known(idsOf(checked), !context.isDryRun);
    const fresh = checked.filter(({ body: { id } }) => !id || !known.has(id));
    await this.open(fresh, context, outcome, claims);
    for (const row of checked) {
      const deal = row.body.id ? known.get(row.body.id) : undefined;
      if (deal) await claims.accept(row.line, () => this.meet(deal, row, context, outcome));
    }
    await claims.store();
  }

  private async open(
    rows: readonly Row[],
    { caller, now, isDryRun }: ImportContext,
    outcome: RowOutcome,
    claims: RowClaims,
  ): Promise<void> {
    const clients = await this.deals.openClients([...new Set(rows.map(({ body }) => body.client_id))]);
    const opened: Deal[] = [];
    for (const { line, body } of rows) {
      await claims.accept(line, async () => {
        const clientId = clients.get(body.client_id);
        if (clientId === undefined) return outcome.refuse(line, clientNotFound());
        const deal = await outcome.attempt(line, () => Deal.open(newDeal(body, clientId), caller.userId, now));
        if (deal) opened.push(deal);
      });
    }
    if (!isDryRun) await this.deals.addAll(opened, now);
    outcome.created += opened.length;
  }

  /** What becomes of a row whose deal is known. */
  private async meet(deal: Deal, { line, body }: Row, context: ImportContext, outcome: RowOutcome): Promise<void> {
    const { duplicates, isDryRun, now } = context;
    if (deal.view.is_deleted || duplicates === 'refuse') return outcome.refuse(line, idRefused(deal.view));
    if (duplicates === 'skip') return void outcome.skipped++;
    const isDone = await outcome.attempt(line, async () => {
      await this.requireSameClient(deal, body.client_id);
      change(deal, body, context);
      if (!isDryRun) await this.deals.save(deal, now);
      return true;
    });
    if (isDone) outcome.updated++;
  }

  /** @throws DomainError `client_not_changeable` when the id means another client than the deal's. */
  private async requireSameClient({ view }: Deal, clientId: string): Promise<void> {
    if (clientId === view.client_id) return;
    const survivorId = await this.queries.execute(new SurvivingClientQuery(clientId));
    if (survivorId !== view.client_id) throw clientNotChangeable();
  }
}

function idsOf(rows: readonly Row[]): string[] {
  return rows.flatMap(({ body: { id } }) => (id ? [id] : []));
}

function newDeal(body: DealRowDto, clientId: string) {
  const { title, description = null, owner_id: ownerId = null } = body;
  const { executor_id: executorId = null, next_review_at: nextReviewAt, stage, lost_reason: lostReason } = body;
  return { id: body.id ?? newId(), clientId, title, description, ownerId, executorId, nextReviewAt, stage, lostReason };
}

/** What the row says; what it leaves open stays. */
function change(deal: Deal, body: DealRowDto, { caller: { userId }, now }: ImportContext): void {
  const before = deal.view;
  const { title, description, next_review_at: nextReviewAt, owner_id, executor_id } = body;
  deal.revise({ title, description, nextReviewAt }, userId, now);
  deal.assign({ ownerId: owner_id ?? before.owner_id, executorId: executor_id ?? before.executor_id }, userId, now);
  deal.moveTo(body.stage ?? before.stage, body.lost_reason ?? null, userId, now);
}
