import { until } from '#platform/testing';
import type { EventConsumer } from '../events/event-consumer.js';
import { printMeasurements, share } from '../books/measurements.js';
import type { Installation } from '../programs/installation.js';
import { audit, isSequenced, loggedIds, NO_DISCREPANCIES } from '../events/log-audit.js';
import type { WriteLoad } from '../books/write-load.js';

const ARRIVES_WITHIN_MS = 180_000;

/**
 * Waits until every event is delivered, prints the measurements, and checks: log and delivered events are the same set,
 * first deliveries follow the order of their stream, each acknowledged change is in the journal and the log.
 */
export async function expectEverythingDelivered(
  what: string,
  crm: Installation,
  consumer: EventConsumer,
  load: Pick<WriteLoad, 'acknowledged' | 'refused' | 'unanswered' | 'settled'>,
): Promise<void> {
  await until(() => isSequenced(crm.database), ARRIVES_WITHIN_MS);
  const logged = await loggedIds(crm.database);
  await until(() => consumer.ids.size >= logged.size, ARRIVES_WITHIN_MS).catch(() => undefined);
  const { delivered, duplicates, outOfOrder } = consumer.account;
  const missing = [...logged].filter((id) => !consumer.ids.has(id));
  printMeasurements(what, {
    requests: load.settled,
    failed: load.refused.length + load.unanswered.length,
    logged: logged.size,
    delivered,
    missing: missing.length,
    duplicates: share(duplicates, delivered),
    'out of order': outOfOrder.length,
  });
  expect(missing).toEqual([]);
  expect([...consumer.ids].filter((id) => !logged.has(id))).toEqual([]);
  expect(consumer.account).toMatchObject({ outOfOrder: [], changed: [] });
  expect(await audit(crm.database, load.acknowledged)).toEqual(NO_DISCREPANCIES);
}
