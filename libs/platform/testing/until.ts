const FIRST_PAUSE_MS = 5;
const MAX_PAUSE_MS = 100;

/**
 * Asks again and again until `condition` gives something that counts as true.
 * @param deadlineMs generous: it is reached only when the test fails.
 * @returns what the condition gave.
 * @throws Error when the deadline has passed; what the condition throws ends it at once.
 */
export async function until<T>(
  condition: () => Promise<T> | T,
  deadlineMs = 60_000,
): Promise<Exclude<T, false | null | undefined>> {
  const deadline = Date.now() + deadlineMs;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS)) {
    const found = await condition();
    if (found) return found as Exclude<T, false | null | undefined>;
    if (Date.now() > deadline) throw new Error(`not so within ${deadlineMs} ms: ${condition.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}
