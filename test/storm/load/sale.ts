import { randomUUID } from 'node:crypto';
import type { Body } from './api-client.js';
import { eventKeyOf, eventKeyOfId, eventKeyOfLink, eventKeyOfNote } from './event-keys.js';
import type { Writer } from './writer.js';

/** No reminder becomes due on this day. */
export const FAR_DAY = '2099-01-01';
const AFTER_FAR_DAY = '2099-12-31';
const TERMS = { insurance_company: 'Ингосстрах', premium: '85000.00', currency: 'RUB' };

/** A day in UTC, so many days from today. */
export function dayFromToday(days: number): string {
  return new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
}

export async function addClient(writer: Writer): Promise<Body | undefined> {
  const name = writer.ledger.nextRowTag();
  return writer.write('client.create', {
    method: 'POST',
    path: '/clients',
    body: { name, kind: 'person' },
    rowTags: [name],
    eventKeys: (body) => [eventKeyOf('client', body)],
  });
}

export async function openDeal(writer: Writer, clientId: unknown, reviewAt = FAR_DAY): Promise<Body | undefined> {
  const description = writer.ledger.nextRowTag();
  return writer.write('deal.open', {
    method: 'POST',
    path: '/deals',
    body: { client_id: clientId, title: `КАСКО ${description}`, description, next_review_at: reviewAt },
    rowTags: [description],
    eventKeys: (body) => [eventKeyOf('deal', body)],
  });
}

export async function reviseDeal(writer: Writer, deal: Body, ifMatch?: number): Promise<Body | undefined> {
  return writer.write('deal.update', {
    method: 'PATCH',
    path: `/deals/${String(deal.id)}`,
    body: { title: `ОСАГО ${randomUUID()}` },
    ifMatch,
    eventKeys: (body) => [eventKeyOf('deal', body)],
  });
}

export async function moveDeal(writer: Writer, deal: Body, stage: string): Promise<Body | undefined> {
  return writer.write(stage.startsWith('closed') ? 'deal.close' : 'deal.stage', {
    method: 'PATCH',
    path: `/deals/${String(deal.id)}/stage`,
    body: { stage },
    eventKeys: (body) => [eventKeyOf('deal', body)],
  });
}

export async function assignDeal(writer: Writer, deal: Body): Promise<Body | undefined> {
  return writer.write('deal.assign', {
    as: 'lead',
    method: 'PATCH',
    path: `/deals/${String(deal.id)}/assignment`,
    body: { executor_id: randomUUID() },
    eventKeys: (body) => [eventKeyOf('deal', body)],
  });
}

export async function writeNote(writer: Writer, deal: Body): Promise<void> {
  const body = writer.ledger.nextRowTag();
  await writer.write('deal.note', {
    as: 'lead',
    method: 'POST',
    path: `/deals/${String(deal.id)}/journal`,
    body: { body },
    rowTags: [body],
    eventKeys: (entry) => [eventKeyOfNote(String(entry.id))],
  });
}

export async function linkDocument(writer: Writer, collection: string, owner: Body, isKept: boolean): Promise<void> {
  const [documentId, ownerId] = [randomUUID(), String(owner.id)];
  // An unlinked row is deleted, so only the others are identified by their title.
  const title = isKept ? writer.ledger.nextRowTag() : null;
  const path = `/${collection}/${ownerId}/documents`;
  const link = await writer.write('document.link', {
    method: 'POST',
    path,
    body: { document_id: documentId, title },
    rowTags: title === null ? [] : [title],
    eventKeys: () => [eventKeyOfLink('linked', ownerId, documentId)],
  });
  if (!link || isKept) return;
  await writer.write('document.unlink', {
    method: 'DELETE',
    path: `${path}/${documentId}`,
    eventKeys: () => [eventKeyOfLink('unlinked', ownerId, documentId)],
  });
}

/** Adds a quote and moves it until it is confirmed; one in four is deleted instead. */
export async function quoteDeal(writer: Writer, deal: Body): Promise<Body | undefined> {
  const [path, comments] = [`/deals/${String(deal.id)}/quotes`, writer.ledger.nextRowTag()];
  const eventKeys = (body: Body): string[] => [eventKeyOf('quote', body)];
  const quote = await writer.write('quote.create', {
    method: 'POST',
    path,
    body: {
      insurance_company: 'Ингосстрах',
      program_name: 'КАСКО Премиум',
      premium_amount: '85000.00',
      coverage_sum: '3400000.00',
      currency: 'RUB',
      validity_period: { start: FAR_DAY, end: AFTER_FAR_DAY },
      files: [randomUUID()],
      comments,
    },
    rowTags: [comments],
    eventKeys,
  });
  if (!quote) return undefined;
  const one = `${path}/${String(quote.id)}`;
  const program = { program_name: `КАСКО ${comments}` };
  await writer.write('quote.update', { method: 'PATCH', path: one, body: program, ifMatch: quote.version, eventKeys });
  if (writer.random.chance(0.25)) {
    const deleted = [eventKeyOfId('deleted', 'quote', quote.id)];
    await writer.write('quote.delete', { method: 'DELETE', path: one, eventKeys: () => deleted });
    return undefined;
  }
  await writer.write('quote.status', { method: 'POST', path: `${one}/status`, body: { status: 'ready' }, eventKeys });
  return writer.write('quote.status', {
    method: 'POST',
    path: `${one}/status`,
    body: { status: 'confirmed' },
    eventKeys,
  });
}

/** Drafts a policy and moves it through its life. */
export async function insure(writer: Writer, deal: Body): Promise<void> {
  const number = writer.ledger.nextRowTag();
  const eventKeys = (body: Body): string[] => [eventKeyOf('policy', body)];
  const policy = await writer.write('policy.create', {
    method: 'POST',
    path: '/policies',
    body: { ...TERMS, deal_id: deal.id, policy_number: number, effective_from: FAR_DAY, effective_to: AFTER_FAR_DAY },
    rowTags: [number],
    eventKeys,
  });
  if (!policy) return;
  const path = `/policies/${String(policy.id)}`;
  if (writer.random.chance(0.2)) {
    const deleted = [eventKeyOfId('deleted', 'policy', policy.id)];
    await writer.write('policy.delete', { method: 'DELETE', path, eventKeys: () => deleted });
    return;
  }
  const premium = { premium: '84000.00' };
  await writer.write('policy.update', { method: 'PATCH', path, body: premium, ifMatch: policy.version, eventKeys });
  const active = await writer.write('policy.activate', { method: 'POST', path: `${path}/activate`, eventKeys });
  if (!active) return;
  await linkDocument(writer, 'policies', policy, true);
  if (writer.random.chance(0.3)) {
    const reason = { reason: 'cancelled' };
    await writer.write('policy.close', { method: 'POST', path: `${path}/close`, body: reason, eventKeys });
  }
}
