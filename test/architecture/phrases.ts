/** A phrase that plain technical English avoids, and the terms to use instead. */
export interface Phrase {
  readonly pattern: RegExp;
  readonly use: string;
}

/** The worst ones only: each has had several sentences rewritten, and none may come back. */
export const PHRASES: readonly Phrase[] = [
  { pattern: /\bwho(m|so)?ever\b/i, use: 'the caller, the user, the transaction: name it' },
  { pattern: /\b(no|some|any)body\b/i, use: 'no user, another user, any caller: name the role' },
  { pattern: /\b(is|are|was|were|be|been|being) told\b/i, use: 'receives, is notified' },
  { pattern: /\btold (of|about|once|again)\b/i, use: 'published, notified' },
  { pattern: /\b(tells?|telling) (of|about)\b/i, use: 'publishes, reports' },
  { pattern: /\bhears? of\b/i, use: 'receives' },
  { pattern: /\b(gives?|gave|given) way\b/i, use: 'releases the lock, waits' },
  { pattern: /\bat hand\b/i, use: 'loaded, available' },
  { pattern: /\bwho may (see|do|ask)\b/i, use: "visible to, the caller's scope" },
  { pattern: /\bnight[ -]?workers?\b/i, use: 'worker' },
  { pattern: /\bwithout a word\b/i, use: 'silently, without an error' },
  { pattern: /\b(stands|lies) by\b/i, use: 'is on standby' },
];
