import { type DynamicModule, Module, type OnModuleInit } from '@nestjs/common';
import { DiscoveryModule, DiscoveryService } from '@nestjs/core';
import { CqrsModule as NestCqrsModule, EventBus } from '@nestjs/cqrs';
import { AwaitedEventPublisher } from './awaited-event-publisher.js';
import { CommandBatches } from './command-batches.js';

/** The buses, wired so that event handlers are awaited and what they throw reaches the command. */
@Module({})
export class CqrsModule implements OnModuleInit {
  constructor(
    private readonly events: EventBus,
    private readonly discovery: DiscoveryService,
  ) {}

  static forRoot(): DynamicModule {
    return {
      module: CqrsModule,
      global: true,
      imports: [NestCqrsModule.forRoot({ rethrowUnhandled: true }), DiscoveryModule],
      providers: [CommandBatches],
      exports: [NestCqrsModule, CommandBatches],
    };
  }

  onModuleInit(): void {
    this.events.publisher = new AwaitedEventPublisher(this.discovery);
  }
}
