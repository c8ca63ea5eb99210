import { Body, Controller, Delete, Get, HttpCode, Patch, Post, Query } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentCaller } from '#platform/auth';
import {
  Creates,
  dateRanges,
  Idempotent,
  IfMatch,
  type ListAnswer,
  PageOf,
  pageRequest,
  Problems,
  toPage,
  UuidParam,
} from '#platform/http';
import type { Caller, ExpectedVersion } from '#platform/kernel';
import {
  AddClientDto,
  AddClientQuery,
  clientFacts,
  ClientResource,
  ListClientsDto,
  MergeClientDto,
  MergeResource,
  ReviseClientDto,
} from './client.dto.js';
import { AddClientCommand } from './commands/add-client.command.js';
import { DeleteClientCommand } from './commands/delete-client.command.js';
import { MergeClientsCommand } from './commands/merge-clients.command.js';
import { ReviseClientCommand } from './commands/revise-client.command.js';
import type { ClientView } from './contracts.js';
import { GetClientQuery } from './queries/get-client.query.js';
import { CLIENT_LIST, ListClientsQuery } from './queries/list-clients.query.js';

@ApiTags('clients')
@Controller('clients')
export class ClientsController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
  ) {}

  @Get()
  @ApiOperation({ summary: 'Clients in your scope, the newest first unless sorted' })
  @ApiOkResponse({ type: PageOf(ClientResource) })
  async list(@CurrentCaller() caller: Caller, @Query() query: ListClientsDto): Promise<ListAnswer<ClientView>> {
    const { search, owner_id: ownerId, status: statuses, kind: kinds } = query;
    const filter = { search, ownerId, statuses, kinds, ranges: dateRanges(query, CLIENT_LIST) };
    const page = pageRequest(query, CLIENT_LIST);
    return toPage(await this.queries.execute(new ListClientsQuery(caller, filter, page)), page.order);
  }

  @Post()
  @ApiOperation({ summary: 'Add a client; one that seems to be known already is answered with the candidates' })
  @Creates('', { type: ClientResource })
  @Problems({ 403: ['owner_forbidden'], 409: ['client_duplicate'] })
  async add(
    @CurrentCaller() caller: Caller,
    @Query() { allow_duplicate: allowDuplicate }: AddClientQuery,
    @Body() body: AddClientDto,
  ): Promise<ClientView> {
    return this.commands.execute(new AddClientCommand(caller, clientFacts(body), allowDuplicate));
  }

  @Get(':id')
  @ApiOperation({ summary: 'One client; for the id of a merged client its survivor' })
  @ApiOkResponse({ type: ClientResource })
  @Problems({ 404: ['client_not_found'] })
  async get(@CurrentCaller() caller: Caller, @UuidParam() id: string): Promise<ClientView> {
    return this.queries.execute(new GetClientQuery(caller, id));
  }

  @Patch(':id')
  @Idempotent()
  @ApiOperation({
    summary: 'Change a client; what is absent stays',
    description: 'A merged client is not changed: 409 `client_merged` names its survivor in `survivor_id`.',
  })
  @ApiOkResponse({ type: ClientResource })
  @Problems({
    404: ['client_not_found'],
    409: ['client_merged', 'client_has_deals', 'client_has_policies', 'edit_conflict'],
    412: ['version_mismatch'],
  })
  async revise(
    @CurrentCaller() caller: Caller,
    @UuidParam() id: string,
    @Body() body: ReviseClientDto,
    @IfMatch() expected: ExpectedVersion,
  ): Promise<ClientView> {
    if (body.is_deleted) return this.commands.execute(new DeleteClientCommand(caller, id, expected));
    return this.commands.execute(new ReviseClientCommand(caller, id, clientFacts(body), expected));
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({ summary: 'Delete a client; one that has deals or policies stays' })
  @Problems({
    404: ['client_not_found'],
    409: ['client_merged', 'client_has_deals', 'client_has_policies', 'edit_conflict'],
    412: ['version_mismatch'],
  })
  async delete(
    @CurrentCaller() caller: Caller,
    @UuidParam() id: string,
    @IfMatch() expected: ExpectedVersion,
  ): Promise<void> {
    await this.commands.execute(new DeleteClientCommand(caller, id, expected));
  }

  @Post(':id/merge')
  @Idempotent()
  @HttpCode(200)
  @ApiOperation({
    summary: 'Merge this client into another one',
    description:
      'Deals, policies and documents move. The survivor takes e-mail, phone and tax id that it lacks; the values of the ' +
      'merged client are recorded in the journals of the deals that move. Its id and its keys mean the survivor from then on: ' +
      'in routes, filters, new deals and policies, imports, search and the duplicate check. A seller merges only a client ' +
      'of which all deals and policies are theirs; a team lead or an admin merges any.',
  })
  @ApiOkResponse({ type: MergeResource })
  @Problems({
    403: ['merge_out_of_scope'],
    404: ['client_not_found'],
    409: ['client_merge_forbidden', 'edit_conflict'],
    412: ['version_mismatch'],
  })
  async merge(
    @CurrentCaller() caller: Caller,
    @UuidParam() id: string,
    @Body() { into_id: intoId, dry_run: isDryRun = false }: MergeClientDto,
    @IfMatch() expected: ExpectedVersion,
  ): Promise<MergeResource> {
    const command = new MergeClientsCommand(caller, id, intoId, isDryRun, expected);
    const { moved, survivor } = await this.commands.execute(command);
    return { dry_run: isDryRun, moved, client: survivor };
  }
}
