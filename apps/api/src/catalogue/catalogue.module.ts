import { Module } from '@nestjs/common';
import { CatalogueController } from './catalogue.controller.js';
import { EventCatalogue } from './event-catalogue.js';

/** Catalogue of event types, for subscribers. */
@Module({ controllers: [CatalogueController], providers: [EventCatalogue] })
export class CatalogueModule {}
