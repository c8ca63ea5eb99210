import { createContext } from 'preact';
import { useContext, useEffect, useRef, useState } from 'preact/hooks';
import { type Api, ApiFailure } from '../api.js';
import type { CrmEvent } from '../resources.js';
import type { EventFeed } from './event-feed.js';
import type { Named, Names } from './names.js';
import { Refresher } from './refresher.js';

/** Context of every view of a signed-in user. */
export interface Live {
  readonly api: Api;
  readonly feed: EventFeed;
  readonly names: Names;
}

export const LiveContext = createContext<Live | undefined>(undefined);

/** @throws Error outside of a signed-in page. */
export function useLive(): Live {
  const live = useContext(LiveContext);
  if (!live) throw new Error('no user is signed in');
  return live;
}

/** The last result, and the error of the latest reading if it failed. */
export interface Reading<T> {
  readonly value?: T;
  readonly failure?: ApiFailure;
}

/** Reports that a part was not found: the whole is then no longer visible to the user. */
export const PartLostContext = createContext<(failure: ApiFailure) => void>(() => undefined);

/**
 * Reads data and refreshes it: when `key` changes, on related events, after an outage, and after a temporary failure.
 * The last result stays until there is a newer one, or access is denied.
 * @param gapMs shortest time between two readings; omitted when a reading is cheap for the server.
 */
export function useFresh<T>(
  key: string,
  read: () => Promise<T>,
  concerns: (event: CrmEvent) => boolean,
  gapMs?: number,
): Reading<T> {
  const { feed } = useLive();
  const [reading, setReading] = useState<Reading<T> & { readonly of?: string }>({});
  const onLost = useContext(PartLostContext);
  const latest = useRef({ read, concerns, onLost });
  latest.current = { read, concerns, onLost };
  useEffect(() => {
    let isCurrent = true;
    const refresher = new Refresher(async () => {
      try {
        const value = await latest.current.read();
        if (isCurrent) setReading({ of: key, value });
        return undefined;
      } catch (error) {
        const failure = error instanceof ApiFailure ? error : new ApiFailure(0, (error as Error).message);
        if (isCurrent && failure.isNotFound) latest.current.onLost(failure);
        if (isCurrent)
          setReading(({ of, value }) => ({ ...(of === key && !failure.isDenial ? { of, value } : {}), failure }));
        return failure.retryAfterMs;
      }
    }, gapMs);
    const forget = feed.listen((signal) => {
      const isRefresh = signal.kind === 'refresh';
      if (isRefresh || (!signal.isPast && latest.current.concerns(signal.event))) refresher.ask(isRefresh);
    });
    void refresher.run();
    return () => {
      isCurrent = false;
      refresher.stop();
      forget();
    };
  }, [key, feed, gapMs]);
  return reading;
}

/** The name of a client or the title of a deal; an ellipsis until it is known. */
export function Name({ kind, id }: { readonly kind: Named; readonly id: string }) {
  const { names, feed } = useLive();
  const [name, setName] = useState('…');
  useEffect(() => {
    let isCurrent = true;
    const ask = (): void => void names.nameOf(kind, id).then((found) => isCurrent && setName(found));
    ask();
    const forget = feed.listen((signal) => {
      const isChanged = signal.kind === 'event' && !signal.isPast && renames(signal.event, id);
      if (isChanged) names.forget(id);
      // Retries after an outage too.
      if (isChanged || signal.kind === 'refresh') ask();
    });
    return () => {
      isCurrent = false;
      forget();
    };
  }, [kind, id, names, feed]);
  return <>{name}</>;
}

function renames({ type, client_id: clientId, deal_id: dealId }: CrmEvent, id: string): boolean {
  return (type === 'crm.client.updated' && clientId === id) || (type === 'crm.deal.updated' && dealId === id);
}
