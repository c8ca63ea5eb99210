import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Clients and deals, and the reminders that were given. */
export class ClientsDealsJournals1764000002000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public;

      CREATE TABLE crm.clients (
        id             uuid         PRIMARY KEY,
        name           varchar(255) NOT NULL CONSTRAINT clients_name_check CHECK (char_length(name) BETWEEN 1 AND 255),
        kind           varchar(16)  NOT NULL CONSTRAINT clients_kind_check CHECK (kind IN ('person', 'company')),
        email          varchar(254),
        phone          varchar(32),
        tax_id         varchar(12),
        email_key      varchar(254),
        phone_key      varchar(32),
        status         varchar(16)  NOT NULL CONSTRAINT clients_status_check CHECK (status IN ('active', 'inactive', 'prospect')),
        owner_id       uuid,
        merged_into_id uuid CONSTRAINT clients_merged_into_fkey REFERENCES crm.clients (id),
        version        int          NOT NULL CONSTRAINT clients_version_check CHECK (version > 0),
        is_deleted     boolean      NOT NULL DEFAULT false,
        deleted_at     timestamptz,
        deleted_by_id  uuid,
        created_at     timestamptz  NOT NULL,
        updated_at     timestamptz  NOT NULL,
        CONSTRAINT clients_deleted_check CHECK (is_deleted = (deleted_at IS NOT NULL))
      );
      COMMENT ON COLUMN crm.clients.owner_id IS 'Null: not yet given to a seller.';
      CREATE INDEX clients_list_idx ON crm.clients (created_at DESC, id DESC) WHERE NOT is_deleted;
      CREATE INDEX clients_owner_idx ON crm.clients (owner_id, created_at DESC, id DESC) WHERE NOT is_deleted;
      CREATE INDEX clients_email_key_idx ON crm.clients (email_key) WHERE NOT is_deleted AND email_key IS NOT NULL;
      CREATE INDEX clients_phone_key_idx ON crm.clients (phone_key) WHERE NOT is_deleted AND phone_key IS NOT NULL;
      CREATE INDEX clients_tax_id_idx ON crm.clients (tax_id) WHERE NOT is_deleted AND tax_id IS NOT NULL;
      CREATE INDEX clients_search_idx ON crm.clients USING gin
        ((lower(name || ' ' || coalesce(email_key, '') || ' ' || coalesce(phone_key, '') || ' ' || coalesce(tax_id, '')))
          public.gin_trgm_ops) WHERE NOT is_deleted;

      CREATE TABLE crm.deals (
        id             uuid         PRIMARY KEY,
        client_id      uuid         NOT NULL CONSTRAINT deals_client_fkey REFERENCES crm.clients (id),
        title          varchar(255) NOT NULL CONSTRAINT deals_title_check CHECK (char_length(title) BETWEEN 1 AND 255),
        description    text,
        status         varchar(16)  NOT NULL
          CONSTRAINT deals_status_check CHECK (status IN ('qualification', 'in_progress', 'proposal', 'won', 'lost',
            'draft', 'negotiation', 'closed_won', 'closed_lost')),
        owner_id       uuid,
        executor_id    uuid,
        next_review_at date         NOT NULL,
        closed_at      timestamptz,
        lost_reason    varchar(500),
        version        int          NOT NULL CONSTRAINT deals_version_check CHECK (version > 0),
        is_deleted     boolean      NOT NULL DEFAULT false,
        deleted_at     timestamptz,
        deleted_by_id  uuid,
        created_at     timestamptz  NOT NULL,
        updated_at     timestamptz  NOT NULL,
        CONSTRAINT deals_closed_check CHECK ((closed_at IS NOT NULL) = (status IN ('won', 'lost', 'closed_won', 'closed_lost'))),
        CONSTRAINT deals_lost_reason_check CHECK (lost_reason IS NULL OR status IN ('lost', 'closed_lost')),
        CONSTRAINT deals_deleted_check CHECK (is_deleted = (deleted_at IS NOT NULL))
      );
      COMMENT ON COLUMN crm.deals.status IS
        'Canonical code; the synonyms draft, negotiation, closed_won, closed_lost are read, never written.';
      CREATE INDEX deals_list_idx ON crm.deals (next_review_at, updated_at, id) WHERE NOT is_deleted;
      CREATE INDEX deals_owner_idx ON crm.deals (owner_id, next_review_at, updated_at, id) WHERE NOT is_deleted;
      CREATE INDEX deals_executor_idx ON crm.deals (executor_id, next_review_at, updated_at, id) WHERE NOT is_deleted;
      CREATE INDEX deals_status_idx ON crm.deals (status, next_review_at, updated_at, id) WHERE NOT is_deleted;
      CREATE INDEX deals_client_idx ON crm.deals (client_id, next_review_at, updated_at, id) WHERE NOT is_deleted;
      CREATE INDEX deals_search_idx ON crm.deals USING gin
        ((lower(title || E'\\n' || coalesce(description, ''))) public.gin_trgm_ops) WHERE NOT is_deleted;

      ALTER TABLE crm.journals ADD CONSTRAINT journals_deal_fkey FOREIGN KEY (deal_id) REFERENCES crm.deals (id);

      CREATE TABLE crm.reminders (
        kind       text        NOT NULL,
        subject_id uuid        NOT NULL,
        due_on     date        NOT NULL,
        event_id   uuid        NOT NULL,
        created_at timestamptz NOT NULL,
        PRIMARY KEY (kind, subject_id, due_on)
      );
      COMMENT ON TABLE crm.reminders IS
        'Reminders given, written in the transaction that appends the event: each fires once per kind, subject and date.';
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('migrations go forward only'));
  }
}
