import { Injectable } from '@nestjs/common';
import type { CalendarDate } from '#platform/kernel';
import { matchesKey, Projection, type ReceivedEvent } from '#platform/messaging';
import type { ReminderKind } from './reminder.js';
import { ReminderWindow } from './reminder-window.js';
import { type DueCandidates, Reminders } from './reminders.js';

/** Every kind of reminder of this application. */
@Injectable()
export class ReminderKinds {
  private readonly kinds = new Map<string, ReminderKind<never>>();

  /** @throws Error when another kind has the same name. */
  add(kind: ReminderKind<never>): void {
    const known = this.kinds.get(kind.name);
    if (known && known !== kind) throw new Error(`two kinds of reminders are named ${kind.name}`);
    this.kinds.set(kind.name, kind);
  }

  get all(): readonly ReminderKind<never>[] {
    return [...this.kinds.values()];
  }
}

/** Since which day each subject may be due, by its id. */
type ChangedSubjects = ReadonlyMap<string, CalendarDate>;

/**
 * Publishes the reminders of subjects that are created or changed after the daily run: one query for each kind finds the
 * due ones of a whole batch.
 */
@Injectable()
export class ReminderProjection extends Projection {
  readonly name = 'reminders';
  /** Reminders need no speed: a second of a busy moment makes one batch. */
  override readonly restMs = 1_000;

  constructor(
    private readonly kinds: ReminderKinds,
    private readonly reminders: Reminders,
    private readonly window: ReminderWindow,
  ) {
    super();
  }

  get types(): readonly string[] {
    return [...new Set(this.kinds.all.flatMap(({ changes }) => changes.types))];
  }

  async project(events: readonly ReceivedEvent[]): Promise<void> {
    const today = this.window.today;
    const candidates: DueCandidates[] = [];
    for (const kind of this.kinds.all) candidates.push(...(await this.candidatesOf(kind, events, today)));
    await this.reminders.remindDue(candidates, today);
  }

  /** Each day since a subject's change: if the events of an evening are read the next day, that evening counts too. */
  private async candidatesOf(
    kind: ReminderKind<never>,
    events: readonly ReceivedEvent[],
    today: CalendarDate,
  ): Promise<DueCandidates[]> {
    const changed = this.changedSubjects(kind, events);
    const first = kind.isDueUntilChanged ? today : [...changed.values(), today].sort()[0]!;
    const days = await this.window.days(first, today);
    return days.flatMap((day) => {
      const subjectIds = [...changed].filter(([, since]) => since <= day).map(([id]) => id);
      return subjectIds.length > 0 ? [{ kind, subjectIds, day }] : [];
    });
  }

  private changedSubjects({ changes }: ReminderKind<never>, events: readonly ReceivedEvent[]): ChangedSubjects {
    const changed = new Map<string, CalendarDate>();
    for (const { type, time, data } of events) {
      if (!changes.types.some((pattern) => matchesKey(type, pattern))) continue;
      const [id, day] = [changes.subjectOf(data), this.window.dayOf(time)];
      const known = changed.get(id);
      if (known === undefined || day < known) changed.set(id, day);
    }
    return changed;
  }
}
