import { createHash, randomUUID } from 'node:crypto';
import { Injectable, NotFoundException } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { DataSource, type EntityManager, In, LessThanOrEqual, Repository } from 'typeorm';
import type { User } from './auth.js';
import type { AddIncomeDto, CreateDealDto, ListDealsDto } from './deals.dto.js';
import { Client, Deal, Income, Payment } from './entities.js';
import { record, shown } from './history.js';

const STATUSES: Readonly<Record<string, readonly string[]>> = {
  qualification: ['qualification', 'draft'],
  negotiation: ['in_progress', 'negotiation'],
  proposal: ['proposal'],
  closedWon: ['won', 'closed_won'],
  closedLost: ['lost', 'closed_lost'],
};
const DAY_MS = 86_400_000;
const MOSCOW_MS = 3 * 3_600_000;

@Injectable()
export class DealsService {
  constructor(
    @InjectRepository(Deal) private readonly deals: Repository<Deal>,
    private readonly dataSource: DataSource,
  ) {}

  async get(user: User, id: string): Promise<Deal> {
    const deal = await this.deals.findOne({
      where: { id, isDeleted: false, ...(user.seesAll ? {} : { ownerId: user.id }) },
    });
    if (!deal) throw new NotFoundException();
    return deal;
  }

  async list(
    user: User,
    { stage, period, limit }: ListDealsDto,
  ): Promise<{ items: Deal[]; next_cursor: string | null }> {
    const horizon = new Date(Date.now() + MOSCOW_MS + parseInt(period, 10) * DAY_MS).toISOString().slice(0, 10);
    const found = await this.deals.find({
      where: {
        isDeleted: false,
        status: In(stage.flatMap((name) => STATUSES[name]!)),
        nextReviewAt: LessThanOrEqual(horizon),
        ...(user.seesAll ? {} : { ownerId: user.id }),
      },
      order: { nextReviewAt: 'ASC', updatedAt: 'ASC', id: 'ASC' },
      take: limit + 1,
    });
    const items = found.slice(0, limit);
    return { items, next_cursor: found.length > limit ? cursorOf(items.at(-1)!) : null };
  }

  async create(user: User, body: CreateDealDto): Promise<Deal> {
    return this.dataSource.transaction(async (manager) => {
      const client = await manager.findOne(Client, {
        where: { id: body.client_id, isDeleted: false },
        lock: { mode: 'pessimistic_read' },
      });
      if (!client || (!user.seesAll && client.ownerId !== user.id)) throw new NotFoundException();
      const at = new Date();
      const deal = await manager.save(
        manager.create(Deal, {
          id: randomUUID(),
          clientId: client.id,
          title: body.title,
          description: body.description ?? null,
          status: 'qualification',
          ownerId: user.seesAll ? null : user.id,
          executorId: body.executor_id ?? null,
          nextReviewAt: body.next_review_at,
          closedAt: null,
          lostReason: null,
          version: 1,
          isDeleted: false,
          createdAt: at,
          updatedAt: at,
        }),
      );
      const data = { deal_id: deal.id, client_id: client.id, deal: shown(deal) };
      const entry = { before: null, after: shown(deal) };
      const events = [{ type: 'deal.created', data }];
      await record(manager, { deal, actorId: user.id, body: 'Deal opened', entry, events, at });
      return deal;
    });
  }

  async addIncome(user: User, dealId: string, paymentId: string, body: AddIncomeDto): Promise<Income> {
    return this.dataSource.transaction(async (manager) => {
      const payment = await manager.findOne(Payment, {
        where: { id: paymentId, dealId, isDeleted: false },
        relations: { deal: true },
        lock: { mode: 'pessimistic_write' },
      });
      const deal = payment?.deal;
      if (!payment || !deal || (!user.seesAll && deal.ownerId !== user.id)) throw new NotFoundException();
      const before = paymentView(payment);
      const income = await this.saveIncome(manager, user, payment, body);
      payment.incomesTotal = sum(payment.incomesTotal, body.amount);
      payment.version += 1;
      payment.updatedById = user.id;
      payment.updatedAt = income.createdAt;
      await manager.save(payment);
      const after = paymentView(await manager.findOneByOrFail(Payment, { id: payment.id }));
      await record(manager, {
        deal,
        actorId: user.id,
        body: 'Income added',
        at: income.createdAt,
        ...factsOf(deal, payment, income, before, after),
      });
      return income;
    });
  }

  private saveIncome(manager: EntityManager, user: User, payment: Payment, body: AddIncomeDto): Promise<Income> {
    const at = new Date();
    return manager.save(
      manager.create(Income, {
        id: randomUUID(),
        paymentId: payment.id,
        amount: body.amount,
        currency: payment.currency,
        category: body.category,
        nature: body.category,
        postedAt: body.posted_at,
        note: body.note ?? null,
        createdById: user.id,
        updatedById: user.id,
        version: 1,
        isDeleted: false,
        createdAt: at,
        updatedAt: at,
      }),
    );
  }
}

type View = Readonly<Record<string, unknown>>;

function factsOf(deal: Deal, payment: Payment, income: Income, before: View, after: View) {
  const line = shown(income);
  const ids = { deal_id: deal.id, client_id: deal.clientId, policy_id: payment.policyId, payment_id: payment.id };
  const changed = ['status', 'net_total', 'incomes_total'].filter((field) => before[field] !== after[field]);
  const of = (view: View) => Object.fromEntries(changed.map((field) => [field, view[field]]));
  return {
    entry: {
      payment_id: payment.id,
      income_id: income.id,
      before: null,
      after: line,
      payment: { before: of(before), after: of(after) },
    },
    events: [
      {
        type: 'deal.payment.income.created',
        data: { ...ids, income_id: income.id, income: { income_id: income.id, ...line } },
      },
      { type: 'deal.payment.updated', data: { ...ids, payment: after, previous: of(before), changed } },
    ],
  };
}

function paymentView(payment: Payment): View {
  return {
    id: payment.id,
    deal_id: payment.dealId,
    policy_id: payment.policyId,
    sequence: payment.sequence,
    status: payment.status,
    planned_date: payment.plannedDate,
    planned_amount: payment.plannedAmount,
    currency: payment.currency,
    comment: payment.comment,
    actual_date: payment.actualDate,
    incomes_total: payment.incomesTotal,
    expenses_total: payment.expensesTotal,
    net_total: payment.netTotal,
    recorded_by_id: payment.recordedById,
    created_by_id: payment.createdById,
    updated_by_id: payment.updatedById,
    version: payment.version,
    is_deleted: payment.isDeleted,
    created_at: payment.createdAt,
    updated_at: payment.updatedAt,
  };
}

/** Two amounts of decimal text with two places. */
function sum(one: string, other: string): string {
  const kopecks = [one, other].map((text) => BigInt(text.replace('.', ''))).reduce((a, b) => a + b);
  const digits = kopecks.toString().padStart(3, '0');
  return `${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

function cursorOf(deal: Deal): string {
  const key = JSON.stringify([deal.nextReviewAt, deal.updatedAt, deal.id]);
  const checksum = createHash('sha256').update(`deals\n${key}`).digest('base64url').slice(0, 8);
  return Buffer.from(checksum + key).toString('base64url');
}
