/** A typical NestJS service with TypeORM repositories, for comparison. */
import 'reflect-metadata';
import {
  Body,
  ClassSerializerInterceptor,
  Controller,
  Get,
  Module,
  Param,
  ParseUUIDPipe,
  Post,
  Query,
  UseGuards,
  UseInterceptors,
  ValidationPipe,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { PassportModule } from '@nestjs/passport';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { TypeOrmModule } from '@nestjs/typeorm';
import { CurrentUser, JwtAuthGuard, JwtStrategy, type User } from './auth.js';
import { AddIncomeDto, CreateDealDto, ListDealsDto } from './deals.dto.js';
import { DealsService } from './deals.service.js';
import { ENTITIES } from './entities.js';

@Controller('api/v1/deals')
@UseGuards(JwtAuthGuard)
@UseInterceptors(ClassSerializerInterceptor)
export class DealsController {
  constructor(private readonly deals: DealsService) {}

  @Get()
  list(@CurrentUser() user: User, @Query() query: ListDealsDto) {
    return this.deals.list(user, query);
  }

  @Get(':id')
  get(@CurrentUser() user: User, @Param('id', ParseUUIDPipe) id: string) {
    return this.deals.get(user, id);
  }

  @Post()
  create(@CurrentUser() user: User, @Body() body: CreateDealDto) {
    return this.deals.create(user, body);
  }

  @Post(':id/payments/:pid/incomes')
  addIncome(
    @CurrentUser() user: User,
    @Param('id', ParseUUIDPipe) id: string,
    @Param('pid', ParseUUIDPipe) paymentId: string,
    @Body() body: AddIncomeDto,
  ) {
    return this.deals.addIncome(user, id, paymentId, body);
  }
}

@Controller('health')
export class HealthController {
  @Get('ready')
  ready() {
    return {};
  }
}

@Module({
  imports: [
    PassportModule,
    TypeOrmModule.forRoot({
      type: 'postgres',
      url: process.env.BENCH_DATABASE_URL!,
      entities: ENTITIES,
      extra: { max: 10, idleTimeoutMillis: 0, options: '-c TimeZone=UTC' },
    }),
    TypeOrmModule.forFeature(ENTITIES),
  ],
  controllers: [DealsController, HealthController],
  providers: [DealsService, JwtStrategy],
})
export class AppModule {}

const app = await NestFactory.create<NestFastifyApplication>(AppModule, new FastifyAdapter(), { logger: ['error'] });
app.useGlobalPipes(new ValidationPipe({ transform: true, whitelist: true }));
app.enableShutdownHooks();
await app.listen(Number(process.env.BENCH_PORT), '127.0.0.1');
