import { useEffect, useMemo, useState } from 'preact/hooks';
import { Api } from '../api.js';
import { EventFeed, type FeedState } from '../live/event-feed.js';
import { type Live, LiveContext } from '../live/live.js';
import { Names } from '../live/names.js';
import { forgetSession, storeSession, storedSession, type Session, takeLinkedSession } from '../session.js';
import { Shell } from './shell.js';
import { SignIn } from './sign-in.js';

/** The whole page: a signed-in user, or the sign-in form. */
export function Console() {
  const [linked, setLinked] = useState(takeLinkedSession);
  const [session, setSession] = useState(storedSession);
  const [notice, setNotice] = useState('');
  const enter = (entered: Session): void => {
    storeSession(entered);
    setNotice('');
    setLinked(undefined);
    setSession(entered);
  };
  const leave = (why: string): void => {
    forgetSession();
    setNotice(why);
    setSession(undefined);
  };
  useEffect(() => {
    const follow = (): void => setLinked((before) => takeLinkedSession() ?? before);
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);
  if (!session || linked) return <SignIn notice={notice} linked={linked} onEnter={enter} />;
  return <SignedIn session={session} onLeave={leave} />;
}

function SignedIn({ session, onLeave }: { readonly session: Session; readonly onLeave: (why: string) => void }) {
  const [state, setState] = useState<FeedState>({ kind: 'connecting' });
  const live = useMemo<Live>(() => {
    const api = new Api(session, onLeave);
    return { api, feed: new EventFeed(api, setState), names: new Names(api) };
  }, [session]);
  useEffect(() => {
    void live.feed.run();
    return () => live.feed.stop();
  }, [live]);
  return (
    <LiveContext.Provider value={live}>
      <Shell session={session} state={state} onLeave={() => onLeave('You are signed out.')} />
    </LiveContext.Provider>
  );
}
