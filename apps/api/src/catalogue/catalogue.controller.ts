import { Controller, Get, Header, Param } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiParam, ApiProperty, ApiTags } from '@nestjs/swagger';
import { Public } from '#platform/auth';
import { Problems } from '#platform/http';
import { type CatalogueEntry, EventCatalogue } from './event-catalogue.js';

const OBJECT = { type: 'object', additionalProperties: true } as const;
const SCHEMA_TYPE = 'application/schema+json; charset=utf-8';
/** Cache lifetime of 5 minutes: the catalogue changes only with a release. */
const CACHE = 'public, max-age=300';

/** A type of event. */
class EventTypeResource implements CatalogueEntry {
  @ApiProperty({ description: 'Of the CloudEvent.', example: 'crm.deal.stage_changed' })
  readonly type!: string;

  @ApiProperty({ description: 'The routing key that a queue is bound with.', example: 'deal.stage_changed' })
  readonly routing_key!: string;

  @ApiProperty({ example: 'A deal moved to another stage of the funnel.' })
  readonly meaning!: string;

  @ApiProperty({ description: 'The stream that orders it.', example: 'deals/{deal_id}' })
  readonly stream!: string;

  @ApiProperty({ description: 'The users who see it on the event stream, beside those whose scope is everything.' })
  readonly followers!: string;

  @ApiProperty({ format: 'uri', description: 'Address of the JSON Schema of its data.' })
  readonly schema!: string;

  @ApiProperty({ ...OBJECT, nullable: true, description: 'Recorded data of a published event.' })
  readonly example!: object | null;
}

class EventTypesResource {
  @ApiProperty({ type: [EventTypeResource] })
  readonly items!: readonly CatalogueEntry[];
}

/** The catalogue of published events, for subscribers. */
@ApiTags('events')
@Controller()
export class CatalogueController {
  constructor(private readonly catalogue: EventCatalogue) {}

  @Get('events/catalogue')
  @ApiOperation({ summary: 'Every type of event: its meaning, its order, its schema and an example' })
  @ApiOkResponse({ type: EventTypesResource })
  list(): EventTypesResource {
    return { items: this.catalogue.entries };
  }

  @Get('asyncapi.json')
  @Public()
  @Header('cache-control', CACHE)
  @ApiOperation({ summary: 'The AsyncAPI 3 document: the exchange, its routing keys, messages and the event stream' })
  @ApiOkResponse({ content: { 'application/json': { schema: OBJECT } } })
  asyncApi(): object {
    return this.catalogue.asyncApi();
  }

  @Get('schemas/:type')
  @Public()
  @Header('content-type', SCHEMA_TYPE)
  @Header('cache-control', CACHE)
  @ApiOperation({ summary: 'The JSON Schema of an event’s data: what its `dataschema` points to' })
  @ApiParam({ name: 'type', description: 'Of the CloudEvent.', example: 'crm.deal.stage_changed' })
  @ApiOkResponse({ content: { 'application/schema+json': { schema: OBJECT } } })
  @Problems({ 404: ['schema_not_found'] })
  schema(@Param('type') type: string): object {
    return this.catalogue.schema(type);
  }
}
