import { Exclude, Expose } from 'class-transformer';
import { Column, CreateDateColumn, Entity, JoinColumn, ManyToOne, PrimaryColumn, UpdateDateColumn } from 'typeorm';

const STAGES: Readonly<Record<string, string>> = { in_progress: 'negotiation', won: 'closedWon', lost: 'closedLost' };
const SCHEMA = 'crm';

@Entity({ schema: SCHEMA, name: 'clients' })
export class Client {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('varchar')
  name!: string;

  @Column('uuid', { name: 'owner_id', nullable: true })
  ownerId!: string | null;

  @Column('boolean', { name: 'is_deleted' })
  isDeleted!: boolean;
}

@Entity({ schema: SCHEMA, name: 'deals' })
export class Deal {
  @PrimaryColumn('uuid')
  id!: string;

  @Expose({ name: 'client_id' })
  @Column('uuid', { name: 'client_id' })
  clientId!: string;

  @Exclude()
  @ManyToOne(() => Client)
  @JoinColumn({ name: 'client_id' })
  client?: Client;

  @Column('varchar')
  title!: string;

  @Column('text', { nullable: true })
  description!: string | null;

  @Column('varchar')
  status!: string;

  @Expose()
  get stage(): string {
    return STAGES[this.status] ?? this.status;
  }

  @Expose({ name: 'owner_id' })
  @Column('uuid', { name: 'owner_id', nullable: true })
  ownerId!: string | null;

  @Expose({ name: 'executor_id' })
  @Column('uuid', { name: 'executor_id', nullable: true })
  executorId!: string | null;

  @Expose({ name: 'next_review_at' })
  @Column('date', { name: 'next_review_at' })
  nextReviewAt!: string;

  @Expose({ name: 'closed_at' })
  @Column('timestamptz', { name: 'closed_at', nullable: true })
  closedAt!: Date | null;

  @Expose({ name: 'lost_reason' })
  @Column('varchar', { name: 'lost_reason', nullable: true })
  lostReason!: string | null;

  @Column('int')
  version!: number;

  @Expose({ name: 'created_at' })
  @CreateDateColumn({ type: 'timestamptz', name: 'created_at', precision: 3 })
  createdAt!: Date;

  @Expose({ name: 'updated_at' })
  @UpdateDateColumn({ type: 'timestamptz', name: 'updated_at', precision: 3 })
  updatedAt!: Date;

  @Expose({ name: 'is_deleted' })
  @Column('boolean', { name: 'is_deleted' })
  isDeleted!: boolean;
}

@Entity({ schema: SCHEMA, name: 'payments' })
export class Payment {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('uuid', { name: 'deal_id' })
  dealId!: string;

  @ManyToOne(() => Deal, { nullable: false })
  @JoinColumn({ name: 'deal_id' })
  deal?: Deal;

  @Column('uuid', { name: 'policy_id', nullable: true })
  policyId!: string | null;

  @Column('int')
  sequence!: number;

  @Column('date', { name: 'planned_date' })
  plannedDate!: string;

  @Column('date', { name: 'actual_date', nullable: true })
  actualDate!: string | null;

  @Column('numeric', { name: 'planned_amount', precision: 14, scale: 2 })
  plannedAmount!: string;

  @Column('char', { length: 3 })
  currency!: string;

  @Column('varchar', { nullable: true })
  comment!: string | null;

  @Column('numeric', { name: 'incomes_total', precision: 14, scale: 2 })
  incomesTotal!: string;

  @Column('numeric', { name: 'expenses_total', precision: 14, scale: 2 })
  expensesTotal!: string;

  @Column({ type: 'numeric', name: 'net_total', insert: false, update: false })
  netTotal!: string;

  @Column({ type: 'varchar', insert: false, update: false })
  status!: string;

  @Column('uuid', { name: 'recorded_by_id', nullable: true })
  recordedById!: string | null;

  @Column('uuid', { name: 'created_by_id' })
  createdById!: string;

  @Column('uuid', { name: 'updated_by_id' })
  updatedById!: string;

  @Column('int')
  version!: number;

  @Column('boolean', { name: 'is_deleted' })
  isDeleted!: boolean;

  @CreateDateColumn({ type: 'timestamptz', name: 'created_at', precision: 3 })
  createdAt!: Date;

  @UpdateDateColumn({ type: 'timestamptz', name: 'updated_at', precision: 3 })
  updatedAt!: Date;
}

@Entity({ schema: SCHEMA, name: 'payment_incomes' })
export class Income {
  @PrimaryColumn('uuid')
  id!: string;

  @Expose({ name: 'payment_id' })
  @Column('uuid', { name: 'payment_id' })
  paymentId!: string;

  @Column('numeric', { precision: 14, scale: 2 })
  amount!: string;

  @Column('char', { length: 3 })
  currency!: string;

  @Column('varchar')
  category!: string;

  @Column('varchar')
  nature!: string;

  @Expose({ name: 'posted_at' })
  @Column('date', { name: 'posted_at' })
  postedAt!: string;

  @Column('varchar', { nullable: true })
  note!: string | null;

  @Expose({ name: 'created_by_id' })
  @Column('uuid', { name: 'created_by_id' })
  createdById!: string;

  @Expose({ name: 'updated_by_id' })
  @Column('uuid', { name: 'updated_by_id' })
  updatedById!: string;

  @Column('int')
  version!: number;

  @Expose({ name: 'is_deleted' })
  @Column('boolean', { name: 'is_deleted' })
  isDeleted!: boolean;

  @Expose({ name: 'created_at' })
  @CreateDateColumn({ type: 'timestamptz', name: 'created_at', precision: 3 })
  createdAt!: Date;

  @Expose({ name: 'updated_at' })
  @UpdateDateColumn({ type: 'timestamptz', name: 'updated_at', precision: 3 })
  updatedAt!: Date;
}

@Entity({ schema: SCHEMA, name: 'event_streams' })
export class Stream {
  @PrimaryColumn('text')
  stream!: string;

  @Column('int')
  version!: number;

  @Column('int', { name: 'journal_seq' })
  journalSeq!: number;

  @Column('bytea', { name: 'journal_prev_hash' })
  journalPrevHash!: Buffer;

  @Column('bytea', { name: 'journal_hash' })
  journalHash!: Buffer;
}

@Entity({ schema: SCHEMA, name: 'journals' })
export class JournalEntry {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('uuid', { name: 'deal_id' })
  dealId!: string;

  @Column('int')
  seq!: number;

  @Column('text')
  kind!: string;

  @Column('uuid', { name: 'author_id', nullable: true })
  authorId!: string | null;

  @Column('text')
  body!: string;

  @Column('jsonb')
  data!: object;

  @Column('bytea')
  hash!: Buffer;

  @Column('bytea', { name: 'prev_hash' })
  prevHash!: Buffer;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;
}

@Entity({ schema: SCHEMA, name: 'event_log' })
export class LoggedEvent {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('text')
  stream!: string;

  @Column('int', { name: 'stream_version' })
  streamVersion!: number;

  @Column('int', { name: 'journal_seq', nullable: true })
  journalSeq!: number | null;

  @Column('text')
  type!: string;

  @Column('timestamptz')
  time!: Date;

  @Column('uuid', { name: 'actor_id', nullable: true })
  actorId!: string | null;

  @Column('text', { nullable: true })
  traceparent!: string | null;

  @Column('uuid', { name: 'deal_id', nullable: true })
  dealId!: string | null;

  @Column('uuid', { name: 'client_id', nullable: true })
  clientId!: string | null;

  @Column('uuid', { array: true })
  audience!: (string | null)[];

  @Column('jsonb')
  data!: object;
}

export const ENTITIES = [Client, Deal, Payment, Income, Stream, JournalEntry, LoggedEvent];
