import { Controller, Get, HttpCode, Post, Query, Req, Res } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { ApiAcceptedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CurrentCaller, RequiresAccess } from '#platform/auth';
import {
  API_PREFIX,
  type ListAnswer,
  PageOf,
  pageRequest,
  Problems,
  TakesFile,
  toPage,
  uploadedFile,
  UuidParam,
} from '#platform/http';
import { type Caller, DomainError } from '#platform/kernel';
import { ReceiveImportCommand } from './commands/receive-import.command.js';
import { IMPORT_KINDS, type ImportKind, type RowFault } from './contracts.js';
import { type Encoding, ENCODINGS } from './csv-rows.js';
import { ImportQuery, ImportResource, ListImportErrorsDto, RowFaultResource } from './import.dto.js';
import type { ShownImport } from './import-views.js';
import { GetImportQuery } from './queries/get-import.query.js';
import { IMPORT_ERROR_LIST, ListImportErrorsQuery } from './queries/list-import-errors.query.js';

/** The encodings by their own names and aliases; US-ASCII is a part of UTF-8. */
const ENCODING_OF_CHARSET = new Map<string, Encoding>([
  ...ENCODINGS.map((encoding): [string, Encoding] => [encoding, encoding]),
  ['utf8', 'utf-8'],
  ['us-ascii', 'utf-8'],
  ['cp1251', 'windows-1251'],
]);

@ApiTags('imports')
@Controller('imports')
export class ImportsController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
  ) {}

  @Post([...IMPORT_KINDS])
  @HttpCode(202)
  @RequiresAccess('imports', 'create')
  @TakesFile()
  @ApiOperation({
    summary: 'Import a CSV file; the worker takes it from here',
    description:
      'The first line names the columns as the API names its fields, in any order; comma, semicolon and tab are ' +
      'detected. A row is checked by the rules of its resource’s own route and may name an `id`. Ask ' +
      '`/imports/{id}` how far it is, or follow `import.progress` on the stream.',
  })
  @ApiAcceptedResponse({ type: ImportResource })
  @Problems({
    400: ['malformed_multipart', 'upload_interrupted'],
    408: ['upload_too_slow'],
    413: ['file_too_large', 'too_many_rows'],
    415: ['unsupported_media_type'],
    422: ['file_required', 'empty_file', 'wrong_columns', 'malformed_csv', 'row_too_long', 'wrong_encoding'],
    429: ['too_many_uploads'],
  })
  async receive(
    @CurrentCaller() caller: Caller,
    @Query() query: ImportQuery,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ShownImport> {
    const kind = request.routeOptions.url!.split('/').at(-1) as ImportKind;
    const file = uploadedFile(request);
    const { mode, duplicates, dry_run: dryRun } = query;
    const encoding = query.encoding ?? declaredEncoding(file.charset);
    const options = { mode, duplicates, dryRun, encoding };
    const id = await this.commands.execute(new ReceiveImportCommand(caller, kind, options, file.bytes()));
    reply.header('location', `/${API_PREFIX}/imports/${id}`);
    return this.queries.execute(new GetImportQuery(caller, id));
  }

  @Get(':id')
  @ApiOperation({ summary: 'How far an import is, and what became of its rows' })
  @ApiOkResponse({ type: ImportResource })
  @Problems({ 404: ['import_not_found'] })
  async get(@CurrentCaller() caller: Caller, @UuidParam() id: string): Promise<ShownImport> {
    return this.queries.execute(new GetImportQuery(caller, id));
  }

  @Get(':id/errors')
  @ApiOperation({
    summary: 'What is wrong with its rows, in the order of the file; the first 10,000 faults are stored',
  })
  @ApiOkResponse({ type: PageOf(RowFaultResource) })
  @Problems({ 404: ['import_not_found'] })
  async errors(
    @CurrentCaller() caller: Caller,
    @UuidParam() id: string,
    @Query() query: ListImportErrorsDto,
  ): Promise<ListAnswer<RowFault>> {
    const page = pageRequest(query, IMPORT_ERROR_LIST);
    return toPage(await this.queries.execute(new ListImportErrorsQuery(caller, id, page)), page.order);
  }
}

/**
 * The encoding that the content type names; UTF-8 when it names none.
 * @throws DomainError 415 `unsupported_media_type`.
 */
function declaredEncoding(charset = 'utf-8'): Encoding {
  const encoding = ENCODING_OF_CHARSET.get(charset);
  if (encoding) return encoding;
  const message = `Send the file in one of these charsets: ${ENCODINGS.join(', ')}.`;
  throw new DomainError('unsupported_media', 'unsupported_media_type', message);
}
