import { Injectable } from '@nestjs/common';
import { BrokerSettings, HttpSettings } from '#platform/config';
import type { JsonSchema } from '#platform/http';
import { DomainError } from '#platform/kernel';
import { asyncApiDocument } from './async-api.js';
import { eventSchema, typeOf } from './event-schema.js';
import { EVENT_TYPES } from './event-types.js';
import { recordedEvents } from './recorded-events.js';

/** One event type with its stream, audience, schema and example. */
export interface CatalogueEntry {
  readonly type: string;
  readonly routing_key: string;
  readonly meaning: string;
  readonly stream: string;
  readonly followers: string;
  readonly schema: string;
  readonly example: object | null;
}

/** Catalogue of the published event types, built from their declarations. */
@Injectable()
export class EventCatalogue {
  private readonly publicUrl: string;
  private readonly recorded = recordedEvents();
  private readonly schemas: ReadonlyMap<string, JsonSchema>;

  constructor(
    http: HttpSettings,
    private readonly broker: BrokerSettings,
  ) {
    this.publicUrl = http.publicUrl!.replace(/\/$/, '');
    this.schemas = new Map(
      EVENT_TYPES.map((eventType) => {
        const type = typeOf(eventType);
        return [type, eventSchema(eventType, this.publicUrl, this.recorded[type])];
      }),
    );
  }

  /** Every type, domain by domain. */
  get entries(): readonly CatalogueEntry[] {
    return EVENT_TYPES.map((eventType) => {
      const type = typeOf(eventType);
      const { key, meaning, stream, followers } = eventType.declaration;
      const example = this.recorded[type]?.data ?? null;
      return {
        type,
        routing_key: key,
        meaning,
        stream,
        followers,
        schema: this.schemas.get(type)!.$id as string,
        example,
      };
    });
  }

  /**
   * The JSON Schema of the data of a type.
   * @param type with its `crm.`.
   * @throws DomainError `schema_not_found`.
   */
  schema(type: string): JsonSchema {
    const schema = this.schemas.get(type);
    if (!schema) throw new DomainError('not_found', 'schema_not_found', 'No event of this type is published.');
    return schema;
  }

  /** The AsyncAPI 3 document. */
  asyncApi(): object {
    const settings = { publicUrl: this.publicUrl, exchange: this.broker.exchange };
    return asyncApiDocument(EVENT_TYPES, this.recorded, settings);
  }
}
