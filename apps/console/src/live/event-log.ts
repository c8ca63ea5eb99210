import { useEffect, useState } from 'preact/hooks';
import { STAGE_NAMES } from '../format.js';
import type { CrmEvent, Stage } from '../resources.js';
import type { EventFeed } from './event-feed.js';

/** Maximum number of listed events. */
const MAX_EVENTS = 300;
/** Events come in bursts: one rendering per burst. */
const GATHER_MS = 60;

/** The latest events, the newest first. */
export function useEventLog(feed: EventFeed): readonly CrmEvent[] {
  const [events, setEvents] = useState<readonly CrmEvent[]>([]);
  useEffect(() => {
    let gathered: CrmEvent[] = [];
    let timer: number | undefined;
    const flush = (): void => {
      timer = undefined;
      const crowd = gathered.reverse();
      gathered = [];
      setEvents((present) => [...crowd, ...present].slice(0, MAX_EVENTS));
    };
    const forget = feed.listen((signal) => {
      if (signal.kind !== 'event') return;
      gathered.push(signal.event);
      timer ??= setTimeout(flush, GATHER_MS);
    });
    return () => {
      forget();
      clearTimeout(timer);
    };
  }, [feed]);
  return events;
}

/** Families of events that can be shown or hidden. */
export const FAMILIES = ['deals', 'quotes', 'policies', 'payments', 'reminders', 'clients', 'other'] as const;
export type Family = (typeof FAMILIES)[number];

const REMINDER = /(_due|\.due|\.overdue|\.escalated|\.expired)$/;

export function familyOf({ type }: CrmEvent): Family {
  if (REMINDER.test(type)) return 'reminders';
  if (type.includes('.quote.')) return 'quotes';
  if (type.includes('.payment.')) return 'payments';
  if (/\.document\.|\.import\./.test(type)) return 'other';
  if (type.includes('policy.')) return 'policies';
  return type.startsWith('crm.client.') ? 'clients' : 'deals';
}

type Fields = Readonly<Record<string, string | null | undefined>>;

/** Subject of the event in a few words; empty when its type is sufficient. */
export function gistOf({ data }: CrmEvent): string {
  const of = (name: string): Fields | undefined => data[name] as Fields | undefined;
  const [deal, quote, policy, payment, entry, link] = ['deal', 'quote', 'policy', 'payment', 'entry', 'link'].map(of);
  const line = of('income') ?? of('expense');
  if (typeof data.subject === 'string') return data.subject;
  if (deal && typeof data.to === 'string') return `${deal.title}: ${stageName(data.from)} → ${stageName(data.to)}`;
  if (deal) return deal.title ?? '';
  if (quote) return joined(quote.insurance_company, quote.premium_amount, quote.currency, quote.status);
  if (policy) return joined(policy.insurance_company, policy.policy_number, policy.status);
  if (line) return joined(line.category, line.amount, line.currency);
  if (payment) return joined(payment.planned_amount, payment.currency, payment.status?.replaceAll('_', ' '));
  return entry?.body ?? link?.title ?? '';
}

function stageName(stage: unknown): string {
  return STAGE_NAMES[stage as Stage] ?? '';
}

function joined(...parts: readonly (string | null | undefined)[]): string {
  return parts.filter(Boolean).join(' ');
}
