/** What is wrong, by the name of the promise that is broken; every list is empty when the service kept all. */
export type Findings = Readonly<Record<string, readonly string[]>>;
