import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Quotes, policies and links to documents. */
export class Sale1764000004000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE crm.quotes (
        id                uuid          PRIMARY KEY,
        deal_id           uuid          NOT NULL CONSTRAINT quotes_deal_fkey REFERENCES crm.deals (id),
        owner_id          uuid,
        insurance_company varchar(255)  NOT NULL
          CONSTRAINT quotes_insurance_company_check CHECK (char_length(insurance_company) BETWEEN 1 AND 255),
        program_name      varchar(255),
        premium_amount    numeric(14,2)
          CONSTRAINT quotes_premium_amount_check CHECK (premium_amount > 0 AND premium_amount <> 'NaN'),
        coverage_sum      numeric(14,2)
          CONSTRAINT quotes_coverage_sum_check CHECK (coverage_sum > 0 AND coverage_sum <> 'NaN'),
        currency          char(3)       NOT NULL CONSTRAINT quotes_currency_check CHECK (currency ~ '^[A-Z]{3}$'),
        calculation_date  date          NOT NULL,
        validity          daterange     CONSTRAINT quotes_validity_check CHECK (NOT isempty(validity)),
        files             jsonb         NOT NULL DEFAULT '[]'
          CONSTRAINT quotes_files_check CHECK (jsonb_typeof(files) = 'array'),
        comments          varchar(2000),
        status            varchar(16)   NOT NULL
          CONSTRAINT quotes_status_check CHECK (status IN ('draft', 'ready', 'confirmed', 'archived')),
        version           int           NOT NULL CONSTRAINT quotes_version_check CHECK (version > 0),
        is_deleted        boolean       NOT NULL DEFAULT false,
        deleted_at        timestamptz,
        deleted_by_id     uuid,
        created_at        timestamptz   NOT NULL,
        updated_at        timestamptz   NOT NULL,
        CONSTRAINT quotes_deleted_check CHECK (is_deleted = (deleted_at IS NOT NULL)),
        CONSTRAINT quotes_ready_check CHECK (status IN ('draft', 'archived') OR (
          jsonb_array_length(files) > 0 AND program_name IS NOT NULL AND premium_amount IS NOT NULL
          AND validity IS NOT NULL AND NOT lower_inf(validity) AND NOT upper_inf(validity)))
      );
      CREATE INDEX quotes_deal_idx ON crm.quotes (deal_id, created_at, id) WHERE NOT is_deleted;

      CREATE TABLE crm.policies (
        id                uuid          PRIMARY KEY,
        client_id         uuid          NOT NULL CONSTRAINT policies_client_fkey REFERENCES crm.clients (id),
        deal_id           uuid CONSTRAINT policies_deal_fkey REFERENCES crm.deals (id),
        quote_id          uuid CONSTRAINT policies_quote_fkey REFERENCES crm.quotes (id),
        insurance_company varchar(255),
        insurer_key       text,
        policy_number     varchar(64),
        number_key        text,
        premium           numeric(14,2) CONSTRAINT policies_premium_check CHECK (premium > 0 AND premium <> 'NaN'),
        currency          char(3)       CONSTRAINT policies_currency_check CHECK (currency ~ '^[A-Z]{3}$'),
        effective_from    date,
        effective_to      date,
        owner_id          uuid,
        status            varchar(16)   NOT NULL
          CONSTRAINT policies_status_check CHECK (status IN ('draft', 'active', 'closed')),
        close_reason      varchar(16)
          CONSTRAINT policies_close_reason_check CHECK (close_reason IN ('expired', 'cancelled', 'replaced', 'void')),
        renews_policy_id  uuid CONSTRAINT policies_renews_fkey REFERENCES crm.policies (id),
        version           int           NOT NULL CONSTRAINT policies_version_check CHECK (version > 0),
        is_deleted        boolean       NOT NULL DEFAULT false,
        deleted_at        timestamptz,
        deleted_by_id     uuid,
        created_at        timestamptz   NOT NULL,
        updated_at        timestamptz   NOT NULL,
        CONSTRAINT policies_deleted_check CHECK (is_deleted = (deleted_at IS NOT NULL)),
        CONSTRAINT policies_closed_check CHECK ((status = 'closed') = (close_reason IS NOT NULL)),
        CONSTRAINT policies_dates_check CHECK (effective_to >= effective_from),
        CONSTRAINT policies_premium_currency_check CHECK (premium IS NULL OR currency IS NOT NULL),
        CONSTRAINT policies_active_check CHECK (status <> 'active' OR (
          policy_number IS NOT NULL AND insurance_company IS NOT NULL
          AND effective_from IS NOT NULL AND effective_to IS NOT NULL))
      );
      COMMENT ON COLUMN crm.policies.number_key IS
        'The number in upper case, without spaces and dashes, Cyrillic look-alikes as Latin letters.';
      CREATE UNIQUE INDEX policies_number_key ON crm.policies (insurer_key, number_key)
        WHERE NOT is_deleted AND close_reason IS DISTINCT FROM 'void' AND number_key IS NOT NULL AND insurer_key IS NOT NULL;
      CREATE UNIQUE INDEX policies_quote_key ON crm.policies (quote_id) WHERE quote_id IS NOT NULL AND NOT is_deleted;
      CREATE UNIQUE INDEX policies_successor_key ON crm.policies (renews_policy_id)
        WHERE renews_policy_id IS NOT NULL AND NOT is_deleted
          AND close_reason IS DISTINCT FROM 'void' AND close_reason IS DISTINCT FROM 'cancelled';
      CREATE INDEX policies_list_idx ON crm.policies (created_at DESC, id DESC) WHERE NOT is_deleted;
      CREATE INDEX policies_deal_idx ON crm.policies (deal_id, created_at DESC, id DESC) WHERE NOT is_deleted;
      CREATE INDEX policies_client_idx ON crm.policies (client_id, created_at DESC, id DESC) WHERE NOT is_deleted;
      CREATE INDEX policies_end_idx ON crm.policies (effective_to, id) WHERE NOT is_deleted AND status = 'active';
      CREATE INDEX policies_number_idx ON crm.policies (number_key) WHERE NOT is_deleted;

      CREATE TABLE crm.document_links (
        id          uuid         PRIMARY KEY,
        owner_type  varchar(16)  NOT NULL
          CONSTRAINT document_links_owner_type_check CHECK (owner_type IN ('deal', 'policy', 'client')),
        owner_id    uuid         NOT NULL,
        document_id uuid         NOT NULL,
        title       varchar(255),
        created_by_id uuid       NOT NULL,
        created_at  timestamptz  NOT NULL,
        updated_at  timestamptz  NOT NULL,
        CONSTRAINT document_links_owner_document_key UNIQUE (owner_type, owner_id, document_id)
      );

      ALTER TABLE crm.clients ADD CONSTRAINT clients_merged_check
        CHECK (merged_into_id IS NULL OR (is_deleted AND merged_into_id <> id));
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('migrations go forward only'));
  }
}
