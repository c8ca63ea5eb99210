import {
  Body,
  type CanActivate,
  Controller,
  type ExecutionContext,
  Get,
  HttpCode,
  Module,
  Patch,
  Post,
  Query,
} from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { JwtAuthGuard } from '#platform/auth';
import { SettingsModule } from '#platform/config';
import {
  BooleanField,
  configureHttp,
  createHttpAdapter,
  Creates,
  HttpModule,
  Idempotent,
  TextField,
  UuidField,
} from '#platform/http';
import { newId } from '#platform/kernel';
import { ObservabilityModule, RequestContext } from '#platform/observability';
import { Database, PersistenceModule, statement, UnitOfWork } from '#platform/persistence';

const INSERT = statement('INSERT INTO public.orders (id, title) VALUES ($1::uuid, $2::text)');

/** The default caller, without the header `X-Caller`. */
export const CALLER = newId();

/** Work that a test runs inside the handler of POST. */
export const during: { work: () => Promise<void> } = { work: () => Promise.resolve() };

class OrderDto {
  @TextField({ min: 1, max: 50 })
  title!: string;

  @UuidField({ optional: true })
  client_id?: string;
}

class PlaceQuery {
  @BooleanField({ optional: true })
  allow_duplicate: boolean = false;
}

@Controller('orders')
class OrdersController {
  constructor(
    private readonly database: Database,
    private readonly unitOfWork: UnitOfWork,
  ) {}

  @Post()
  @Creates()
  async place(@Body() { title }: OrderDto, @Query() _query: PlaceQuery) {
    const id = newId();
    await this.unitOfWork.run(() => this.database.query(INSERT, [id, title]));
    await during.work();
    return { id, title, version: 1 };
  }

  @Patch(['', 'rename'])
  @Idempotent()
  async rename(@Body() { title }: OrderDto) {
    const id = newId();
    await this.database.query(INSERT, [id, title]);
    return { id, title, version: 2 };
  }

  @Post('touch')
  @Idempotent()
  @HttpCode(204)
  async touch() {
    await this.database.query(INSERT, [newId(), 'touched']);
  }

  @Get()
  list() {
    return {};
  }
}

/** Reads the caller from a header, because tokens are tested elsewhere. */
class TrustingGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { headers } = context.switchToHttp().getRequest<{ headers: Record<string, string | undefined> }>();
    const facts = RequestContext.current();
    if (facts && headers['x-caller'] !== 'none') facts.callerId = headers['x-caller'] ?? CALLER;
    return true;
  }
}

/** Test application that writes into `public.orders` of the database at `url`. */
export async function orderApplication(url: string): Promise<NestFastifyApplication> {
  const env = { CRM_DATABASE_URL: url, CRM_JWT_ACCESS_SECRET: 's'.repeat(32), CRM_LOG_LEVEL: 'silent' };
  @Module({
    imports: [
      SettingsModule.forRoot(env),
      ObservabilityModule,
      PersistenceModule.forRoot('crm-test'),
      HttpModule.forRoot({ throttling: false }),
    ],
    controllers: [OrdersController],
  })
  class OrderTestModule {}
  const module = await Test.createTestingModule({ imports: [OrderTestModule] })
    .overrideProvider(JwtAuthGuard)
    .useClass(TrustingGuard)
    .compile();
  const app = module.createNestApplication<NestFastifyApplication>(createHttpAdapter(), {
    bodyParser: false,
    logger: false,
  });
  configureHttp(app);
  await app.init();
  await app.getHttpAdapter().getInstance().ready();
  return app;
}
