import { type DynamicModule, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DatabaseSettings } from '#platform/config';
import { Log } from '#platform/observability';
import { DatabaseClient, databaseOptions } from './connection/connection.js';
import { isNotReadyYet } from './connection/database-errors.js';
import { Database } from './connection/database.js';
import { PoolMetrics } from './connection/pool-metrics.js';
import { ListReader } from './reading/list-reader.js';
import { ReadReplica } from './replica/read-replica.js';
import { UnitOfWork } from './unit-of-work.js';

/** 12 attempts of 5 s: about one minute, one log line each. */
const CONNECT_ATTEMPTS = 12;
const CONNECT_PAUSE_MS = 500;

/** The database: TypeORM's DataSource, the unit of work, and the door for hand-written SQL. */
@Module({})
export class PersistenceModule {
  /** @param applicationName shown in pg_stat_activity. */
  static forRoot(applicationName: string): DynamicModule {
    const typeOrm = TypeOrmModule.forRootAsync({
      inject: [DatabaseSettings, Log],
      useFactory: (settings: DatabaseSettings, log: Log) => {
        const { connectionString, ...client } = databaseOptions(
          settings.url!,
          applicationName,
          settings.statementTimeoutMs,
        );
        return {
          type: 'postgres' as const,
          url: connectionString,
          schema: 'crm',
          autoLoadEntities: true,
          installExtensions: false,
          retryAttempts: CONNECT_ATTEMPTS,
          retryDelay: CONNECT_PAUSE_MS,
          // NestJS's own line is lost: its logger is set when the application has been created.
          toRetry: (error: unknown) => {
            const isSlow = isNotReadyYet(error);
            if (isSlow) log.warn('PostgreSQL does not accept connections yet, trying again');
            return isSlow;
          },
          extra: {
            ...client,
            Client: DatabaseClient,
            max: settings.poolSize,
            idleTimeoutMillis: 0,
            connectionTimeoutMillis: settings.acquireTimeoutMs,
          },
        };
      },
    });
    return {
      module: PersistenceModule,
      global: true,
      imports: [typeOrm],
      providers: [UnitOfWork, Database, ListReader, ReadReplica, PoolMetrics],
      exports: [UnitOfWork, Database, ListReader, ReadReplica, typeOrm],
    };
  }
}
