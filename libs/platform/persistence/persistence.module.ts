import { type DynamicModule, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DatabaseSettings } from '#platform/config';
import { DatabaseClient, databaseOptions } from './connection/connection.js';
import { Database } from './connection/database.js';
import { PoolMetrics } from './connection/pool-metrics.js';
import { ListReader } from './reading/list-reader.js';
import { ReadReplica } from './replica/read-replica.js';
import { UnitOfWork } from './unit-of-work.js';

/** The database: TypeORM's DataSource, the unit of work, and the door for hand-written SQL. */
@Module({})
export class PersistenceModule {
  /** @param applicationName shown in pg_stat_activity. */
  static forRoot(applicationName: string): DynamicModule {
    const typeOrm = TypeOrmModule.forRootAsync({
      inject: [DatabaseSettings],
      useFactory: (settings: DatabaseSettings) => {
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
          retryAttempts: 0,
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
