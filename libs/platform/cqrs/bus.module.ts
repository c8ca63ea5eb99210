import { type DynamicModule, Module, type OnModuleInit } from '@nestjs/common';
import { DiscoveryModule, DiscoveryService } from '@nestjs/core';
import { CqrsModule, EventBus } from '@nestjs/cqrs';
import { AwaitedEventPublisher } from './awaited-event-publisher.js';
import { CommandBatches } from './command-batches.js';

/** The buses, wired so that event handlers are awaited and what they throw reaches the command. */
@Module({})
export class BusModule implements OnModuleInit {
  constructor(
    private readonly events: EventBus,
    private readonly discovery: DiscoveryService,
  ) {}

  static forRoot(): DynamicModule {
    return {
      module: BusModule,
      global: true,
      imports: [CqrsModule.forRoot({ rethrowUnhandled: true }), DiscoveryModule],
      providers: [CommandBatches],
      exports: [CqrsModule, CommandBatches],
    };
  }

  onModuleInit(): void {
    this.events.publisher = new AwaitedEventPublisher(this.discovery);
  }
}
