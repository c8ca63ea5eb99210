import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Client } from './client.entity.js';
import { ClientImporter } from './imports/client-importer.js';
import { ClientRepository } from './client.repository.js';
import { ClientsController } from './clients.controller.js';
import { ClientsPublisher } from './clients.publisher.js';
import { AddClientHandler } from './commands/add-client.command.js';
import { DeleteClientHandler } from './commands/delete-client.command.js';
import { MergeClientsHandler } from './commands/merge-clients.command.js';
import { ReviseClientHandler } from './commands/revise-client.command.js';
import { PhoneKeyBackfill } from './contacts/phone-key-backfill.js';
import { DuplicateClientsHandler } from './queries/duplicate-clients.query.js';
import { ClientInScopeHandler, GetClientHandler } from './queries/get-client.query.js';
import { ListClientsHandler } from './queries/list-clients.query.js';
import { SurvivingClientHandler } from './queries/surviving-client.query.js';

const COMMANDS = [AddClientHandler, ReviseClientHandler, DeleteClientHandler, MergeClientsHandler];
const QUERIES = [
  GetClientHandler,
  ListClientsHandler,
  DuplicateClientsHandler,
  ClientInScopeHandler,
  SurvivingClientHandler,
];

/** What a client is and can do. */
@Module({
  imports: [TypeOrmModule.forFeature([Client])],
  providers: [ClientRepository, ClientImporter, ClientsPublisher, ...COMMANDS, ...QUERIES],
})
export class ClientsModule {}

/** Its routes. */
@Module({ imports: [ClientsModule], controllers: [ClientsController] })
export class ClientsHttpModule {}

/** Its background work. */
@Module({ imports: [ClientsModule], providers: [PhoneKeyBackfill] })
export class ClientsWorkerModule {}
