import { money, words } from '../format.js';
import type { Fields, JournalEntry } from '../resources.js';

/** Fields that describe a new row; the others are shown elsewhere. */
const SUMMARY_FIELDS = [
  'planned_amount',
  'amount',
  'premium_amount',
  'premium',
  'insurance_company',
  'category',
  'lost_reason',
];
/** Fields that the stage already shows. */
const SILENT = new Set(['status', 'closed_at', 'version', 'updated_at']);
const AMOUNT = /^-?\d+\.\d\d$/;

/** Lists the changes of a journal entry, a line each. */
export function changesOf({ before, after }: JournalEntry['data']): string[] {
  if (!after) return before ? summaryOf(before) : [];
  if (!before) return summaryOf(after);
  return Object.keys(after)
    .filter((name) => !SILENT.has(name) && name in before && isShown(after[name]) && isShown(before[name]))
    .map((name) => `${words(name)}: ${shown(before[name])} → ${shown(after[name])}`);
}

function summaryOf(fields: Fields): string[] {
  const currency = typeof fields.currency === 'string' ? ` ${fields.currency}` : '';
  const parts = SUMMARY_FIELDS.map((name) => fields[name]).filter((value) => typeof value === 'string');
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
