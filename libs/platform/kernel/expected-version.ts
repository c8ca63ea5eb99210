/** Versions a change may be based on, any of them; undefined when the caller doesn't mind. */
export type ExpectedVersion = readonly number[] | undefined;
