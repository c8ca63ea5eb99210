/**
 * Why a server can't run: `missing` – its program isn't installed; `data` – its data directory can't be used;
 * `busy` – another server uses it; `start` – it was started and did not become ready.
 */
export type ServiceErrorCode = 'missing' | 'data' | 'busy' | 'start';

/** One line for a person: the fact, then the remedy. */
export class ServiceError extends Error {
  override readonly name = 'ServiceError';

  constructor(
    readonly code: ServiceErrorCode,
    message: string,
  ) {
    super(message);
  }
}
