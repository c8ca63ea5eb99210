import { useEffect, useState } from 'preact/hooks';

/** The current view, stored behind the address's `#`, which is not sent to the server. */
export type Route = { readonly view: 'board' | 'due' | 'events' } | { readonly view: 'deal'; readonly id: string };

const DEAL = /^#\/deals\/([0-9a-f-]{36})$/;

export function dealHref(id: string): string {
  return `#/deals/${id}`;
}

function routeOf(hash: string): Route {
  const [, id] = DEAL.exec(hash) ?? [];
  if (id !== undefined) return { view: 'deal', id };
  return { view: hash === '#/due' ? 'due' : hash === '#/events' ? 'events' : 'board' };
}

export function useRoute(): Route {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const follow = (): void => setHash(location.hash);
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);
  return routeOf(hash);
}
