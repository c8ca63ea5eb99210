import { Injectable } from '@nestjs/common';
import {
  type CheckedRow,
  DUPLICATE_RULES,
  idConflict,
  idRefused,
  type ImportContext,
  Importer,
  type ImportRow,
  type RowOutcome,
} from '#crm/imports/contracts';
import { ClientSettings } from '#platform/config';
import { validatedBody } from '#platform/http';
import { newId } from '#platform/kernel';
import { clientFacts } from '../client.dto.js';
import { Client, type ClientRules } from '../client.entity.js';
import { clientDuplicate } from '../client.errors.js';
import { ClientRepository } from '../client.repository.js';
import { emailKey, identifyingPhone, phoneKey } from '../contacts/contact-keys.js';
import { taxIdKey } from '../contacts/tax-id.js';
import { ClientRowDto } from './client-row.dto.js';

type Row = CheckedRow<ClientRowDto>;

/** Adds clients, or changes those that are known by id, e-mail, phone or tax id. */
@Injectable()
export class ClientImporter extends Importer {
  readonly kind = 'clients';
  readonly columns = ['id', 'name', 'kind', 'email', 'phone', 'tax_id', 'status', 'owner_id'] as const;
  readonly required = ['name'] as const;
  readonly duplicateRules = DUPLICATE_RULES;

  constructor(
    private readonly clients: ClientRepository,
    private readonly settings: ClientSettings,
  ) {
    super();
  }

  async take(rows: readonly ImportRow[], context: ImportContext, outcome: RowOutcome): Promise<void> {
    const checked = await outcome.checked(rows, (cells) => validatedBody(ClientRowDto, cells));
    const keysOf = (body: ClientRowDto): Client['keys'] => clientKeys(body, this.settings.phoneRegion);
    const claims = await outcome.claims(checked, (body) => claimsOf(body, keysOf(body), context), context);
    const candidates = await this.candidates(checked, context);
    const known = await this.clients.known([...new Set(candidates.flat())], !context.isDryRun);
    const added: Client[] = [];
    for (const [index, row] of checked.entries()) {
      const met = candidates[index]!.flatMap((id) => known.get(id) ?? []);
      await claims.accept(row.line, async () => {
        if (met.length > 0) return this.meet(met, row, context, outcome);
        const client = await outcome.attempt(row.line, () => newClient(row.body, this.settings, context));
        if (client) added.push(client);
      });
    }
    await claims.store();
    if (!context.isDryRun) await this.clients.addAll(added, context.now);
    outcome.created += added.length;
  }

  /** For each row the ids of those clients that it may mean. */
  private async candidates(
    rows: readonly Row[],
    { duplicates, isDryRun, isBrief }: ImportContext,
  ): Promise<string[][]> {
    const found = rows.map(({ body }) => (body.id ? [body.id] : []));
    if (duplicates === 'allow' || rows.length === 0) return found;
    if (!isDryRun && isBrief) await this.clients.lockAllKeys();
    for (const { place, id } of await this.clients.alike(
      rows.map(({ body }) => clientKeys(body, this.settings.phoneRegion)),
    )) {
      if (!found[place]!.includes(id)) found[place]!.push(id);
    }
    return found;
  }

  /** What becomes of a row whose client is known: by its id, or by what it shares with others. */
  private async meet(met: readonly Client[], { line, body }: Row, context: ImportContext, outcome: RowOutcome) {
    const { caller, duplicates, isDryRun, now } = context;
    const [client] = met;
    const gone = met.find(({ view }) => view.is_deleted);
    if (gone || (duplicates === 'allow' && body.id)) return outcome.refuse(line, idRefused((gone ?? client!).view));
    if (duplicates === 'skip') return void outcome.skipped++;
    // More than one match: only a user can select the right one.
    if (duplicates === 'refuse' || met.length > 1) return outcome.refuse(line, clientDuplicate([]));
    const { id, ...cells } = body;
    if (id && id !== client!.id) return outcome.refuse(line, idConflict());
    const isDone = await outcome.attempt(line, async () => {
      client!.revise(clientFacts(cells), this.settings, caller.userId, now);
      if (!isDryRun) await this.clients.save(client!, now);
      return true;
    });
    if (isDone) outcome.updated++;
  }
}

function clientKeys(
  { email = null, phone = null, tax_id: taxId = null }: ClientRowDto,
  region: ClientRules['phoneRegion'],
): Client['keys'] {
  return { email: emailKey(email), phone: identifyingPhone(phoneKey(phone, region)), taxId: taxIdKey(taxId) };
}

/** What no other row of the file may share. */
function claimsOf(
  body: ClientRowDto,
  { email, phone, taxId }: Client['keys'],
  { duplicates }: ImportContext,
): (string | null | undefined | false)[] {
  const id = body.id && `id ${body.id}`;
  if (duplicates === 'allow') return [id];
  return [id, email && `email ${email}`, phone && `phone ${phone}`, taxId && `tax_id ${taxId}`];
}

function newClient(body: ClientRowDto, rules: ClientRules, { caller, now }: ImportContext): Client {
  const { name, kind = 'person', email = null, phone = null, tax_id: taxId = null, status = 'active' } = body;
  const facts = { name, kind, email, phone, taxId, status, ownerId: body.owner_id ?? null };
  return Client.add(body.id ?? newId(), facts, rules, caller.userId, now);
}
