/** Prints the measurements of a fault test in one line that is easy to find and compare. */
export function printMeasurements(what: string, counted: Readonly<Record<string, number | string>>): void {
  const parts = Object.entries(counted).map(([name, value]) => `${name} ${value}`);
  process.stdout.write(`measurements | ${what.padEnd(34)} | ${parts.join(' | ')}\n`);
}

/** `12 (3.4 %)` of `all`. */
export function share(count: number, all: number): string {
  return `${count} (${((100 * count) / Math.max(1, all)).toFixed(1)} %)`;
}
