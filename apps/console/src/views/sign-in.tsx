import { useEffect, useRef, useState } from 'preact/hooks';
import { Api } from '../api.js';
import { COOKIE_SESSION, type Session, sessionOf } from '../session.js';

interface Props {
  /** Reason for signing in again. */
  readonly notice: string;
  /** From a sign-in link: verified at once. */
  readonly linked: Session | undefined;
  readonly onEnter: (session: Session) => void;
}

/** Requests a token and verifies it before it is stored. */
export function SignIn({ notice, linked, onEnter }: Props) {
  const { fault, setFault, isTrying, enter } = useEntering(onEnter);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    document.title = 'Sign in · CRM console';
  }, []);
  // On the first display, and after each refused token.
  useEffect(() => field.current?.focus(), [fault]);
  useEffect(() => {
    if (linked) void enter(linked);
  }, [linked]);
  const submit = (event: Event): void => {
    event.preventDefault();
    const token = field.current!.value;
    if (token.trim() === '') setFault('Paste an access token first.');
    else void enter(sessionOf(token));
  };
  return (
    <main class="sign-in">
      <h1>CRM console</h1>
      <p class="muted">Pipeline, deals and events of the brokerage, as they happen.</p>
      <p role="status" class="notice">
        {notice}
      </p>
      <form onSubmit={submit} noValidate>
        <label for="token">Access token</label>
        <input
          {...{ id: 'token', ref: field, type: 'password', autocomplete: 'off', spellcheck: false, required: true }}
          aria-invalid={fault !== ''}
          aria-describedby="token-fault token-hint"
        />
        <p id="token-fault" role="alert" class="fault">
          {fault}
        </p>
        <Hint />
        <div class="actions">
          <button type="submit" class="primary" disabled={isTrying}>
            Sign in
          </button>
          <button type="button" class="quiet" disabled={isTrying} onClick={() => void enter(COOKIE_SESSION)}>
            Use this browser’s cookie
          </button>
        </div>
      </form>
    </main>
  );
}

function Hint() {
  return (
    <p id="token-hint" class="muted">
      It stays in this tab and is forgotten when you sign out or close it. For development:{' '}
      <code>npx crm token --role lead</code>
    </p>
  );
}

/** Verifies a given token before it is stored. */
function useEntering(onEnter: (session: Session) => void) {
  const [fault, setFault] = useState('');
  const [isTrying, setIsTrying] = useState(false);
  const enter = async (session: Session): Promise<void> => {
    setIsTrying(true);
    try {
      await new Api(session, () => undefined).get('/deals?limit=1');
      onEnter(session);
    } catch (error) {
      setIsTrying(false);
      setFault((error as Error).message || 'The server does not answer.');
    }
  };
  return { fault, setFault, isTrying, enter };
}
