import type { Instant } from '#platform/kernel';
import { Aggregate } from '#platform/persistence';
import { Column, Entity } from 'typeorm';
import { ClientAdded, ClientDeleted, ClientMerged, ClientRevised } from './client.events.js';
import type { CountryCode } from 'libphonenumber-js';
import { emailKey, identifyingPhone, phoneKey } from './contacts/contact-keys.js';
import type { ClientKind, ClientStatus, ClientView, MovedByMerge } from './contracts.js';
import { requireTaxId, type TaxIdCountry, taxIdKey } from './contacts/tax-id.js';

/** What can be said of a client. */
export interface ClientFacts {
  readonly name: string;
  readonly kind: ClientKind;
  readonly email: string | null;
  readonly phone: string | null;
  readonly taxId: string | null;
  readonly status: ClientStatus;
  readonly ownerId: string | null;
}

/** The countries whose rules phone numbers and tax ids follow. */
export interface ClientRules {
  /** Country of phone numbers without a country code. */
  readonly phoneRegion: CountryCode;
  readonly taxIdCountry: TaxIdCountry;
}

/** A person or company that buys cover. */
@Entity({ schema: 'crm', name: 'clients' })
export class Client extends Aggregate {
  @Column('varchar', { length: 255 })
  private name!: string;

  @Column('varchar', { length: 16 })
  private kind!: ClientKind;

  @Column('varchar', { length: 254, nullable: true })
  private email: string | null = null;

  @Column('varchar', { length: 64, nullable: true })
  private phone: string | null = null;

  /** ИНН, or the tax id of another country. */
  @Column('varchar', { name: 'tax_id', length: 32, nullable: true })
  private taxId: string | null = null;

  /** Normalised, for search and the duplicate check. */
  @Column('varchar', { name: 'email_key', length: 254, nullable: true })
  private emailKey: string | null = null;

  /** E.164, or the digits of a number of no numbering plan: see {@link phoneKey}. */
  @Column('varchar', { name: 'phone_key', length: 32, nullable: true })
  private phoneKey: string | null = null;

  @Column('varchar', { length: 16 })
  private status!: ClientStatus;

  /** The seller; null: not yet given to one. */
  @Column('uuid', { name: 'owner_id', nullable: true })
  private ownerId: string | null = null;

  /** The client that this one was merged into; never a merged client itself. */
  @Column('uuid', { name: 'merged_into_id', nullable: true })
  private mergedIntoId: string | null = null;

  /** @throws DomainError `validation_failed` for a tax id that breaks the rules of its country. */
  static add(id: string, facts: ClientFacts, rules: ClientRules, actorId: string, now: Instant): Client {
    const client = new Client();
    client.begin(id, now);
    client.set(facts, rules);
    client.apply(new ClientAdded(client.view, actorId));
    return client;
  }

  get view(): ClientView {
    return {
      id: this.id,
      name: this.name,
      kind: this.kind,
      email: this.email,
      phone: this.phone,
      tax_id: this.taxId,
      status: this.status,
      owner_id: this.ownerId,
      merged_into_id: this.mergedIntoId,
      version: this.version,
      is_deleted: this.isDeleted,
      created_at: this.createdAt,
      updated_at: this.updatedAt,
    };
  }

  /** What identifies the client among others. */
  get keys(): { readonly email: string | null; readonly phone: string | null; readonly taxId: string | null } {
    return { email: this.emailKey, phone: identifyingPhone(this.phoneKey), taxId: taxIdKey(this.taxId) };
  }

  /**
   * Changes the given facts; does nothing when all values stay the same.
   * @throws DomainError `validation_failed` for a new tax id that breaks the rules of its country.
   */
  revise(facts: Partial<ClientFacts>, rules: ClientRules, actorId: string, now: Instant): void {
    const before = this.view;
    this.set(facts, rules);
    this.revised(before, actorId, now);
  }

  /** Takes e-mail, phone and tax id from a client that is merged into this one, as far as it has none. */
  complete(merged: Client, actorId: string, now: Instant): void {
    const before = this.view;
    if (this.email === null) [this.email, this.emailKey] = [merged.email, merged.emailKey];
    if (this.phone === null) [this.phone, this.phoneKey] = [merged.phone, merged.phoneKey];
    this.taxId ??= merged.taxId;
    this.revised(before, actorId, now);
  }

  delete(actorId: string, now: Instant): void {
    this.markDeleted(actorId, now);
    this.apply(new ClientDeleted(this.view, actorId, now));
  }

  /** Merges this client into `survivor`; its id and its keys then identify the survivor. */
  mergeInto(survivor: ClientView, moved: MovedByMerge, actorId: string, now: Instant): void {
    this.markDeleted(actorId, now);
    this.mergedIntoId = survivor.id;
    this.apply(new ClientMerged(this.view, actorId, survivor, moved));
  }

  private revised(before: ClientView, actorId: string, now: Instant): void {
    const previous = this.diff(before, this.view);
    if (!previous) return;
    this.touch(now);
    this.apply(new ClientRevised(this.view, actorId, previous));
  }

  private set(facts: Partial<ClientFacts>, { phoneRegion, taxIdCountry }: ClientRules): void {
    if (facts.taxId && facts.taxId !== this.taxId) requireTaxId(facts.taxId, taxIdCountry);
    for (const [field, value] of Object.entries(facts)) {
      if (value !== undefined) Object.assign(this, { [field]: value });
    }
    this.emailKey = emailKey(this.email);
    this.phoneKey = phoneKey(this.phone, phoneRegion);
  }
}
