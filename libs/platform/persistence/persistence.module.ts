import { type DynamicModule, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DatabaseSettings, RuntimeSettings } from '#platform/config';
import { Log } from '#platform/observability';
import { DatabaseClient, databaseOptions } from './connection/connection.js';
import { isUnavailable } from './connection/database-errors.js';
import { Database } from './connection/database.js';
import { waitForPostgres } from './connection/first-connection.js';
import { PoolMetrics } from './connection/pool-metrics.js';
import { ListReader } from './reading/list-reader.js';
import { ReadReplica } from './replica/read-replica.js';
import { UnitOfWork } from './unit-of-work.js';

/** Attempts of the pool's first connection to a server that has answered: it may still be slow. */
const POOL_ATTEMPTS = 6;
const POOL_PAUSE_MS = 500;

/** The database: TypeORM's DataSource, the unit of work, and the door for hand-written SQL. */
@Module({})
export class PersistenceModule {
  /**
   * @param applicationName shown in pg_stat_activity.
   * @param options.waits whether the start waits for a PostgreSQL that does not accept connections yet; commands fail
   *   at once.
   */
  static forRoot(applicationName: string, { waits }: { readonly waits: boolean } = { waits: false }): DynamicModule {
    const typeOrm = TypeOrmModule.forRootAsync({
      inject: [DatabaseSettings, RuntimeSettings, Log],
      useFactory: async (settings: DatabaseSettings, { startTimeoutMs }: RuntimeSettings, log: Log) => {
        if (waits) await waitForPostgres(settings.url!, startTimeoutMs, log);
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
          retryAttempts: waits ? POOL_ATTEMPTS : 0,
          retryDelay: POOL_PAUSE_MS,
          toRetry: isUnavailable,
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
