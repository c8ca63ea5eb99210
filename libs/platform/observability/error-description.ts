/** How many errors that wrap one another are looked through. */
const DEEPEST = 5;
/** Libraries and PostgreSQL quote the value that they stumbled over. */
const BETWEEN_QUOTES = /"[^"]*"|«[^»]*»/g;

/** The error, and those that it wraps: TypeORM's `driverError`, a `cause`, the parts of an `AggregateError`. */
export function causesOf(error: unknown): Error[] {
  const causes: Error[] = [];
  let next: unknown = error;
  while (next instanceof Error && causes.length < DEEPEST) {
    causes.push(next);
    if ('driverError' in next && next.driverError !== next) next = next.driverError;
    else if (next instanceof AggregateError && next.errors.length > 0) next = next.errors[0];
    else next = next.cause;
  }
  return causes;
}

/**
 * Describes an error for the log: names, codes and places. Never the values of a client, nor the objects that
 * libraries hang on an error, such as connections with their secrets.
 */
export function describeError(error: unknown): object {
  const causes = causesOf(error);
  const root = causes.at(-1);
  if (!root) return { type: typeof error };
  const frames = (root.stack ?? '').split('\n').filter((line) => line.startsWith('    at '));
  return {
    type: causes.map(({ name }) => name).join(' < '),
    message: root.message.replace(BETWEEN_QUOTES, '"…"'),
    ...('code' in root && { code: root.code }),
    ...('constraint' in root && { constraint: root.constraint }),
    ...('table' in root && { table: root.table }),
    stack: frames.join('\n'),
  };
}
