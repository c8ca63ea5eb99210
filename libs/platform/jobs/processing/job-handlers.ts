import { Injectable } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { dailyMark, handlerMark, type HandlesJobs } from './job-handler.js';

/** A handler as it was declared. */
export interface DeclaredHandler {
  readonly queue: string;
  readonly name: string;
  readonly transactional: boolean;
  /** Whether requests share a transaction. */
  readonly batched: boolean;
  readonly instance: HandlesJobs;
}

/** A handler's daily schedule; bears the handler's name. */
export interface DeclaredSchedule {
  readonly name: string;
  readonly queue: string;
  readonly at: string;
  readonly missedDays: 'each' | 'together';
}

/** Every class declared with `@JobHandler` and `@DailySchedule` in this application. */
@Injectable()
export class JobHandlers {
  private declared: { handlers: Map<string, DeclaredHandler>; schedules: DeclaredSchedule[] } | undefined;

  constructor(private readonly discovery: DiscoveryService) {}

  /** The handler of this queue and name, or undefined when this application has none. */
  find(queue: string, name: string): DeclaredHandler | undefined {
    return this.all.handlers.get(`${queue}/${name}`);
  }

  /** Whether any requests of this queue share a transaction. */
  hasBatchedJobs(queue: string): boolean {
    return [...this.all.handlers.values()].some((handler) => handler.queue === queue && handler.batched);
  }

  get queues(): ReadonlySet<string> {
    return new Set([...this.all.handlers.values()].map(({ queue }) => queue));
  }

  get schedules(): readonly DeclaredSchedule[] {
    return this.all.schedules;
  }

  /** @throws Error when two handlers claim the same work, or two schedules the same name. */
  private get all(): { handlers: Map<string, DeclaredHandler>; schedules: DeclaredSchedule[] } {
    this.declared ??= this.discover();
    return this.declared;
  }

  private discover(): { handlers: Map<string, DeclaredHandler>; schedules: DeclaredSchedule[] } {
    const handlers = new Map<string, DeclaredHandler>();
    const schedules: DeclaredSchedule[] = [];
    for (const wrapper of this.discovery.getProviders({ metadataKey: handlerMark.KEY })) {
      const options = this.discovery.getMetadataByDecorator(handlerMark, wrapper);
      if (!options) continue;
      const { queue, name, transactional = true, batched = true } = options;
      const kind = `${queue}/${name}`;
      if (handlers.has(kind)) throw new Error(`two handlers claim the job ${kind}: give one another name`);
      const instance = wrapper.instance as HandlesJobs;
      handlers.set(kind, { queue, name, transactional, batched: transactional && batched, instance });
      const daily = this.discovery.getMetadataByDecorator(dailyMark, wrapper);
      if (!daily) continue;
      if (schedules.some((other) => other.name === name)) {
        throw new Error(`two daily schedules are named ${name}: give one handler another name`);
      }
      schedules.push({ name, queue, at: daily.at, missedDays: daily.missedDays ?? 'each' });
    }
    for (const wrapper of this.discovery.getProviders({ metadataKey: dailyMark.KEY })) {
      if (this.discovery.getMetadataByDecorator(handlerMark, wrapper)) continue;
      throw new Error(`${String(wrapper.name)} has a @DailySchedule but is no @JobHandler`);
    }
    return { handlers, schedules };
  }
}
