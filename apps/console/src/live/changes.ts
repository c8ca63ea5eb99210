import { money, words } from '../format.js';
import type { Fields, JournalEntry } from '../resources.js';

/** Of what is new these say what it is; the rest is shown where it belongs. */
const TELLING = [
  'planned_amount',
  'amount',
  'premium_amount',
  'premium',
  'insurance_company',
  'category',
  'lost_reason',
];
/** The stage says the same. */
const SILENT = new Set(['status', 'closed_at', 'version', 'updated_at']);
const AMOUNT = /^-?\d+\.\d\d$/;

/** What an entry of the journal says has changed, a line each. */
export function changesOf({ before, after }: JournalEntry['data']): string[] {
  if (!after) return before ? told(before) : [];
  if (!before) return told(after);
  return Object.keys(after)
    .filter((name) => !SILENT.has(name) && name in before && isShown(after[name]) && isShown(before[name]))
    .map((name) => `${words(name)}: ${shown(before[name])} → ${shown(after[name])}`);
}

function told(fields: Fields): string[] {
  const currency = typeof fields.currency === 'string' ? ` ${fields.currency}` : '';
  const parts = TELLING.map((name) => fields[name]).filter((value) => typeof value === 'string');
  if (parts.length === 0) return [];
  return [parts.map((part) => (AMOUNT.test(part) ? shown(part) + currency : part)).join(' · ')];
}

function isShown(value: unknown): boolean {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value);
}

function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : value == null ? '–' : JSON.stringify(value);
  return AMOUNT.test(text) ? money(text) : text;
}
