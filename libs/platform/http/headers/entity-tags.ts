/**
 * Entity tags that stand for one of our versions: `"3"`, and what proxies make of it when they compress the answer:
 * `W/"3"` (nginx), `"3-gzip"` (Apache), `"3--gzip"` (Jetty), `"3;gzip"`. A version is the same whatever the encoding.
 */
const VERSION_TAG = /(?<![^\s,])(?:W\/)?"(0|[1-9]\d{0,9})(?:(?:--?|;)[a-z]{1,16})?"(?![^\s,])/g;
const LARGEST_VERSION = 2_147_483_647;

/** The versions that a list of entity tags names; any other tag names none. */
export function versionsIn(tags: string): number[] {
  const versions = [...tags.matchAll(VERSION_TAG)].map(([, digits]) => Number(digits));
  return versions.filter((version) => version <= LARGEST_VERSION);
}
