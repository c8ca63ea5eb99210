import { type ClientProxy, ClientProxyFactory, Transport } from '@nestjs/microservices';
import { type ChannelModel, connect } from 'amqplib';
import { lastValueFrom, timeout } from 'rxjs';
import { prepareRpc, startRpc } from '../../../apps/api/src/rpc/rpc.module.js';
import { type Server, startRabbitmq } from '#platform/services';
import { accessToken, type TestUser, until } from '#platform/testing';
import { newId } from '#platform/kernel';
import { Crm, type RoleName } from '../../support/crm.js';
import { addLine, addPayment } from '../../support/money.js';
import { addPolicy } from '../../support/sale.js';

/** Longer than any answer takes, and longer than the time-out of the service. */
const ANSWER_WITHIN_MS = 20_000;
const QUEUE = 'crm.rpc';

interface Refused {
  readonly code: string;
  readonly status: number;
  readonly detail: string;
}

describe('RPC', () => {
  let broker: Server;
  let crm: Crm;
  let client: ClientProxy;
  let raw: ChannelModel;

  beforeAll(async () => {
    broker = await startRabbitmq();
    crm = await Crm.start({ CRM_RABBITMQ_URL: broker.url, CRM_RPC_TIMEOUT_MS: '3000' }, prepareRpc);
    startRpc(crm.api.nest);
    client = ClientProxyFactory.create({
      transport: Transport.RMQ,
      options: { urls: [broker.url], queue: QUEUE, noAssert: true, socketOptions: { reconnectTimeInSeconds: 1 } },
    });
    raw = await connect(broker.url);
    raw.on('error', () => undefined);
    await taken();
  });
  afterAll(async () => {
    await client.close();
    await raw.close().catch(() => undefined);
    await crm.stop();
    await broker.discard();
  });

  /** Waits until requests are accepted. */
  const taken = () => until(async () => (await metric('crm_rpc_consuming')) === '1', 60_000);

  async function metric(name: string): Promise<string | undefined> {
    const { authorization } = crm.user('admin').authorization;
    const answer = await crm.api.inject({ url: '/metrics', headers: { authorization } });
    return answer.body
      .split('\n')
      .find((line) => line.startsWith(`${name} `))
      ?.split(' ')[1];
  }

  const tokenOf = (user: TestUser) => user.authorization.authorization!.slice('Bearer '.length);

  const send = <T>(pattern: string, data: object) =>
    lastValueFrom(client.send<T>(pattern, data).pipe(timeout(ANSWER_WITHIN_MS)));

  const ask = <T>(user: TestUser, pattern: string, data: object) => send<T>(pattern, { token: tokenOf(user), ...data });

  async function refusal(asked: Promise<unknown>): Promise<Refused> {
    const answer = await asked.then(
      (value) => Promise.reject(new Error(`answered ${JSON.stringify(value)}`)),
      (error: unknown) => error,
    );
    if (answer instanceof Error) throw answer;
    return answer as Refused;
  }

  it('returns a deal to services and to users who can read it by HTTP', async () => {
    const seller = crm.user('seller');
    const deal = await crm.deal(seller);
    const roles: RoleName[] = ['seller', 'executor', 'finance', 'lead', 'admin'];
    for (const user of [seller, ...roles.map((role) => crm.user(role)), crm.user()]) {
      const http = await user.get<{ code?: string }>(`/deals/${deal.id}`);
      const asked = ask(user, 'crm.deals.get', { deal_id: deal.id });
      if (http.status === 200) expect(await asked).toEqual(http.body);
      else expect(await refusal(asked)).toMatchObject({ status: http.status, code: http.code });
    }
    expect(await ask(crm.user('service'), 'crm.deals.get', { deal_id: deal.id })).toEqual(deal);
  });

  it('returns the rights of a user on a deal, equal to those of HTTP', async () => {
    const [seller, executor] = [crm.user('seller'), crm.user('executor')];
    const admin = crm.user('admin');
    const deal = await crm.deal(admin, { owner_id: seller.id, executor_id: executor.id });
    const service = crm.user('service');
    const users: [TestUser, string[], boolean, boolean][] = [
      [seller, ['ROLE_SALES_AGENT'], true, true],
      [executor, ['ROLE_EXECUTOR'], true, true],
      [executor, ['ROLE_SALES_AGENT'], false, false],
      [crm.user('seller'), ['agent'], false, false],
      [crm.user('finance'), ['ROLE_FINANCE_MANAGER'], true, false],
      [crm.user('lead'), ['ROLE_TEAM_LEAD'], true, true],
      [crm.user(), [], false, false],
      [crm.user(), ['ROLE_UNKNOWN'], false, false],
    ];
    for (const [user, roles, can_read, can_edit] of users) {
      const answer = await ask(service, 'crm.deals.access', { deal_id: deal.id, user_id: user.id, roles });
      expect({ roles, answer }).toEqual({ roles, answer: { deal_id: deal.id, can_read, can_edit } });
    }
    expect(await ask(seller, 'crm.deals.access', { deal_id: deal.id })).toMatchObject({ can_edit: true });
    expect(await ask(crm.user('finance'), 'crm.deals.access', { deal_id: deal.id })).toMatchObject({ can_edit: false });
    await admin.delete(`/deals/${deal.id}`);
    for (const deal_id of [deal.id, newId()]) {
      const answer = await ask(admin, 'crm.deals.access', { deal_id });
      expect(answer).toEqual({ deal_id, can_read: false, can_edit: false });
    }
  });

  it('allows only a service to query other users, and requires a user from a service', async () => {
    const [seller, deal_id] = [crm.user('seller'), newId()];
    const other = { deal_id, user_id: newId(), roles: ['ROLE_ADMIN'] };
    for (const body of [other, { deal_id, roles: ['ROLE_ADMIN'] }, { deal_id, user_id: newId() }]) {
      expect(await refusal(ask(seller, 'crm.deals.access', body))).toMatchObject({
        status: 403,
        code: 'actor_mismatch',
      });
    }
    expect(await refusal(ask(crm.user('service'), 'crm.deals.access', { deal_id }))).toMatchObject({
      status: 422,
      errors: [{ pointer: '/user_id' }, { pointer: '/roles' }],
    });
  });

  it('returns policies by the same rules', async () => {
    const seller = crm.user('seller');
    const { id: deal_id } = await crm.deal(seller);
    const policy = await addPolicy(seller, { deal_id });
    for (const user of [seller, crm.user('service')]) {
      expect(await ask(user, 'crm.policies.get', { policy_id: policy.id })).toEqual(policy);
    }
    const stranger = ask(crm.user('seller'), 'crm.policies.get', { policy_id: policy.id });
    expect(await refusal(stranger)).toMatchObject({ status: 404, code: 'policy_not_found' });
  });

  it('sums up the payments of a deal as HTTP does', async () => {
    const seller = crm.user('seller');
    const deal = await crm.deal(seller);
    const payment = await addPayment(seller, deal);
    await addLine(seller, payment, 'incomes', { amount: '120.50', category: 'commission' });
    const { body } = await seller.get<{ items: object[] }>(`/deals/${deal.id}/payments/summary`);
    expect(body.items).toHaveLength(1);
    for (const user of [seller, crm.user('finance'), crm.user('service')]) {
      expect(await ask(user, 'crm.payments.summary', { deal_id: deal.id })).toEqual(body);
    }
    const stranger = ask(crm.user('seller'), 'crm.payments.summary', { deal_id: deal.id });
    expect(await refusal(stranger)).toMatchObject({ status: 404, code: 'deal_not_found' });
  });

  it('verifies tokens as HTTP does', async () => {
    const expired = accessToken({ userId: newId(), roles: ['ROLE_ADMIN'], expiresAt: 1_000 });
    const deal_id = newId();
    const refusals = [
      [{ deal_id }, 'authorization_required'],
      [{ token: '', deal_id }, 'authorization_required'],
      [{ token: 7, deal_id }, 'authorization_required'],
      [{ token: 'x.y.z', deal_id }, 'invalid_token'],
      [{ token: expired, deal_id }, 'token_expired'],
    ] as const;
    for (const [data, code] of refusals) {
      expect(await refusal(send('crm.deals.get', data))).toMatchObject({ status: 401, code });
    }
  });

  it('reports the faults of a request', async () => {
    const admin = crm.user('admin');
    const bad = await refusal(ask(admin, 'crm.deals.get', { deal_id: 'x', more: 1 }));
    expect(bad).toMatchObject({ status: 422, code: 'validation_failed' });
    expect((bad as { errors?: { pointer: string }[] }).errors!.map(({ pointer }) => pointer).sort()).toEqual([
      '/deal_id',
      '/more',
    ]);
    expect(await refusal(ask(admin, 'crm.deals.delete', {}))).toMatchObject({ status: 404, code: 'unknown_pattern' });
  });

  it('survives invalid messages, and replies only to queues that the broker allows', async () => {
    const channel = await raw.createChannel();
    const { queue: victim } = await channel.assertQueue('victim', { durable: false });
    const answers: unknown[] = [];
    await channel.consume('amq.rabbitmq.reply-to', (message) => answers.push(JSON.parse(message!.content.toString())), {
      noAck: true,
    });
    const replyTo = 'amq.rabbitmq.reply-to';
    const good = JSON.stringify({ pattern: 'crm.deals.get', data: {} });
    channel.sendToQueue(QUEUE, Buffer.from(good), { replyTo: victim });
    channel.sendToQueue(QUEUE, Buffer.from(good));
    for (const text of [
      '{',
      '7',
      'null',
      '{"pattern":{"cmd":"x"}}',
      '{"__proto__":{"pattern":"x"}}',
      'x'.repeat(20_000),
    ]) {
      channel.sendToQueue(QUEUE, Buffer.from(text), { replyTo });
    }
    channel.sendToQueue(QUEUE, Buffer.from(good), { replyTo });
    await until(() => answers.length === 7);
    expect(answers.map((answer) => (answer as { err: Refused }).err.status).sort()).toEqual([
      400, 400, 400, 400, 400, 400, 401,
    ]);
    await until(async () => (await channel.checkQueue(QUEUE)).messageCount === 0);
    expect((await channel.checkQueue(victim)).messageCount).toBe(0);
    await channel.close();
  });

  it('answers 503 timeout when a query takes too long', async () => {
    const admin = crm.user('admin');
    const deal = await crm.deal(admin);
    await crm.database.undone(async (database) => {
      await database.query('LOCK TABLE crm.deals IN ACCESS EXCLUSIVE MODE');
      const asked = ask(admin, 'crm.deals.get', { deal_id: deal.id });
      expect(await refusal(asked)).toMatchObject({ status: 503, code: 'timeout' });
    });
  });

  it('answers again after the queue was deleted', async () => {
    const admin = crm.user('admin');
    const deal = await crm.deal(admin);
    const channel = await raw.createChannel();
    await channel.deleteQueue(QUEUE);
    await until(async () => (await metric('crm_rpc_consuming')) === '0');
    await taken();
    expect(await ask(admin, 'crm.deals.get', { deal_id: deal.id })).toEqual(deal);
  });

  it('answers again after a restart of the broker, which does not affect HTTP', async () => {
    const admin = crm.user('admin');
    const deal = await crm.deal(admin);
    await broker.stop();
    await until(async () => (await metric('crm_rpc_consuming')) === '0');
    expect(await admin.get(`/deals/${deal.id}`)).toMatchObject({ status: 200 });
    await broker.start();
    await taken();
    await until(async () =>
      ask(admin, 'crm.deals.get', { deal_id: deal.id }).then(
        (answer) => (answer as { id: string }).id === deal.id,
        () => false,
      ),
    );
  });

  it('completes running requests before it stops', async () => {
    const admin = crm.user('admin');
    const deal = await crm.deal(admin);
    const { asked, stopped } = await crm.database.undone(async (database) => {
      await database.query('LOCK TABLE crm.deals IN ACCESS EXCLUSIVE MODE');
      const answered = ask(admin, 'crm.deals.get', { deal_id: deal.id });
      await crm.blocked('crm.deals');
      return { asked: answered, stopped: crm.api.close() };
    });
    expect(await asked).toEqual(deal);
    await stopped;
  });
});
