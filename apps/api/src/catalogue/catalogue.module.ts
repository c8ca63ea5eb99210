import { Module } from '@nestjs/common';
import { CatalogueController } from './catalogue.controller.js';
import { EventCatalogue } from './event-catalogue.js';

/** What events there are, for those who subscribe. */
@Module({ controllers: [CatalogueController], providers: [EventCatalogue] })
export class CatalogueModule {}
