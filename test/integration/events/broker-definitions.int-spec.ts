import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createTestDatabase, startTestApplication, testEnvironment, testServer } from '#platform/testing';
import { connect } from 'amqplib';
import { WorkerModule } from '../../../apps/worker/src/worker.module.js';
import { MIGRATIONS } from '../../../migrations/index.js';

interface Declared {
  readonly name: string;
  readonly durable: boolean;
  readonly auto_delete: boolean;
  readonly arguments: Readonly<Record<string, unknown>>;
}

interface Definitions {
  readonly exchanges: readonly (Declared & { readonly type: string; readonly internal: boolean })[];
  readonly queues: readonly Declared[];
}

const definitions = JSON.parse(
  readFileSync(join(__dirname, '../../../docker/rabbitmq/definitions.json'), 'utf8'),
) as Definitions;

const optionsOf = ({ durable, auto_delete, arguments: args }: Declared) => ({
  durable,
  autoDelete: auto_delete,
  arguments: args,
});

/** Declares the definitions on the broker, which refuses existing ones with other properties. */
async function declare(rabbitmqUrl: string): Promise<void> {
  const connection = await connect(rabbitmqUrl);
  const channel = await connection.createChannel();
  for (const exchange of definitions.exchanges) {
    await channel.assertExchange(exchange.name, exchange.type, { ...optionsOf(exchange), internal: exchange.internal });
  }
  for (const queue of definitions.queues) await channel.assertQueue(queue.name, optionsOf(queue));
  await connection.close();
}

describe('the broker definitions of the Compose file', () => {
  it('equal the declarations of the worker', async () => {
    const rabbitmqUrl = testServer('CRM_TEST_RABBITMQ_URL');
    const database = await createTestDatabase(MIGRATIONS);
    await declare(rabbitmqUrl);
    const worker = await startTestApplication(
      WorkerModule.forRoot(testEnvironment({ databaseUrl: database.url, rabbitmqUrl })),
    );
    await worker.close();
    await database.drop();
  }, 60_000);
});
