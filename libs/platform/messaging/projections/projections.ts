import { type BeforeApplicationShutdown, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { LogSignal } from '../outbox/log-signal.js';
import { Projection } from './projection.js';
import { ProjectionReader, ProjectionResources } from './projection-reader.js';

/** Finds the projections of this application and lets each follow the log from bootstrap to shutdown. */
@Injectable()
export class Projections implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readers: readonly ProjectionReader[] = [];
  private forget: () => void = () => undefined;

  constructor(
    private readonly discovery: DiscoveryService,
    private readonly signal: LogSignal,
    private readonly resources: ProjectionResources,
  ) {}

  /** @throws Error when two projections have the same name. */
  onApplicationBootstrap(): void {
    const projections = this.discovery
      .getProviders()
      .map(({ instance }) => instance as unknown)
      .filter((instance) => instance instanceof Projection);
    const names = new Set(projections.map(({ name }) => name));
    if (names.size < projections.length) throw new Error('two projections have the same name');
    this.readers = projections.map((projection) => new ProjectionReader(projection, this.resources));
    this.forget = this.signal.onPositioned(() => this.readers.forEach((reader) => reader.wake()));
    for (const reader of this.readers) reader.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.forget();
    await Promise.all(this.readers.map((reader) => reader.stop()));
  }
}
