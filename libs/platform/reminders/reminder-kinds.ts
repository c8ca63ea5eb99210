import { Injectable } from '@nestjs/common';
import type { ReminderKind } from './reminder.js';

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
