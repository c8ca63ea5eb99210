import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { connect } from 'amqplib';
import { until } from '#platform/testing';
import type { CrmUser, DealBody } from '../support/crm-user.js';
import { Installation } from '../support/programs/installation.js';
import type { Program } from '../support/programs/processes.js';
import { withFailureOutput } from '../support/programs/failure-output.js';

const EXAMPLE = join(__dirname, '../../docs/examples/subscriber.mjs');
const QUEUE = 'reports.stages';

describe('the example subscriber of the documentation', () => {
  let crm: Installation;
  let api: Program;
  let seller: CrmUser;
  let example: ChildProcess | undefined;

  beforeAll(async () => {
    crm = await Installation.start({ rabbitmq: true });
    [api] = await Promise.all([crm.api(), crm.worker()]);
    seller = crm.user(api);
    await subscribe();
  });

  afterAll(async () => {
    await kill();
    await crm.discard();
  });

  async function subscribe(): Promise<void> {
    const url = new URL(crm.database.url);
    url.search = '';
    example = spawn(process.execPath, [EXAMPLE, crm.broker.url, url.toString()], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await Promise.race([
      once(example.stdout!, 'data'),
      once(example, 'exit').then(() => Promise.reject(new Error('the example ended while starting'))),
    ]);
  }

  async function kill(): Promise<void> {
    if (!example || example.exitCode !== null || example.signalCode !== null) return;
    example.kill('SIGKILL');
    await once(example, 'exit');
  }

  /** Opens deals and moves them to a stage. */
  async function move(stage: string, deals: number): Promise<void> {
    const client = await seller.addClient();
    for (let count = 0; count < deals; count++) {
      const facts = { client_id: client, title: 'КАСКО', next_review_at: '2099-01-01' };
      const { body } = await seller.post<DealBody>('/deals', facts);
      expect((await seller.patch(`/deals/${body.id}/stage`, { stage })).status).toBe(200);
    }
  }

  async function counted(stage: string): Promise<number> {
    const [row] = await crm.database.rows<{ times: number }>(
      'SELECT times FROM public.reached_stages WHERE stage = $1',
      [stage],
    );
    return row?.times ?? 0;
  }

  async function onBroker<T>(
    work: (channel: Awaited<ReturnType<Awaited<ReturnType<typeof connect>>['createConfirmChannel']>>) => Promise<T>,
  ): Promise<T> {
    const connection = await connect(crm.broker.url);
    try {
      return await work(await connection.createConfirmChannel());
    } finally {
      await connection.close();
    }
  }

  const publish = (body: string) =>
    onBroker(async (channel) => {
      channel.publish('crm.events', 'deal.stage_changed', Buffer.from(body));
      await channel.waitForConfirms();
    });

  it(
    'processes each event once, also a redelivered one',
    withFailureOutput(async () => {
      await move('negotiation', 3);
      await until(async () => (await counted('negotiation')) === 3);
      const [event] = await crm.database.rows<{ id: string; data: object }>(
        `SELECT id, data FROM crm.event_log WHERE type = 'deal.stage_changed' LIMIT 1`,
      );
      await publish(JSON.stringify(event));
      await move('proposal', 1);
      await until(async () => (await counted('proposal')) === 1);
      expect(await counted('negotiation')).toBe(3);
    }),
  );

  it(
    'loses no event while it is offline, and counts none twice when it is killed during processing',
    withFailureOutput(async () => {
      const moving = move('closedWon', 30);
      await until(async () => (await counted('closedWon')) > 0);
      await kill();
      await moving;
      await subscribe();
      await until(async () => (await counted('closedWon')) === 30);
      await move('closedLost', 1);
      await until(async () => (await counted('closedLost')) === 1);
      expect(await counted('closedWon')).toBe(30);
    }),
  );

  it(
    'dead-letters a message that is not an event, and continues',
    withFailureOutput(async () => {
      await publish('{"no": json');
      await publish('{}');
      const bodies = await onBroker(async (channel) => {
        const taken = async () => {
          const message = await until(() => channel.get(`${QUEUE}.dead`, { noAck: true }));
          return message.content.toString();
        };
        return [await taken(), await taken()];
      });
      expect(bodies.sort()).toEqual(['{"no": json', '{}']);
      await move('closedLost', 1);
      await until(async () => (await counted('closedLost')) === 2);
    }),
  );
});
