import { AsyncLocalStorage } from 'node:async_hooks';

/** A value, and those that were carried when it was set. */
interface Carried {
  readonly variable: AsyncVariable<unknown>;
  readonly value: unknown;
  readonly below: Carried | undefined;
}

/** One for all variables: On Node 20 each storage makes every promise slower. */
const storage = new AsyncLocalStorage<Carried>();

/** A value that is carried along asynchronous calls. */
export class AsyncVariable<T> {
  /** Runs `work` with the value, for it and all that it calls; undefined hides what was set outside. */
  run<R>(value: T | undefined, work: () => R): R {
    return storage.run({ variable: this, value, below: storage.getStore() }, work);
  }

  /** What the nearest {@link run} around gave. */
  get(): T | undefined {
    for (let carried = storage.getStore(); carried; carried = carried.below) {
      if (carried.variable === this) return carried.value as T | undefined;
    }
    return undefined;
  }
}
