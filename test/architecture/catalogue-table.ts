import type { EventType } from '#platform/messaging';

const [BEGIN, END] = ['<!-- catalogue: written by npm run record:events -->', '<!-- end of catalogue -->'];

/** The catalogue as a table of Markdown. */
export function catalogueTable(eventTypes: readonly EventType[]): string {
  const rows = eventTypes.map(
    ({ declaration: { key, meaning, stream } }) => `| \`${key}\` | \`${stream}\` | ${meaning} |`,
  );
  return ['| routing key | stream | meaning |', '|---|---|---|', ...rows].join('\n');
}

/** The document with this table in the place of its own. */
export function inDocument(document: string, table: string): string {
  const [from, to] = [document.indexOf(BEGIN), document.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`the document has no place for the catalogue: ${BEGIN} … ${END}`);
  return `${document.slice(0, from)}${BEGIN}\n\n${table}\n\n${document.slice(to)}`;
}
