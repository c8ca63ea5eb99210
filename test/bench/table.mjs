/** Prints results as one Markdown table per workload. */
import { isUnresolved } from './paired.mjs';

const whole = (value) => (Number.isNaN(value) ? '–' : Math.round(value).toLocaleString('en-US'));
const ratio = (value) => value.toFixed(value < 0.1 ? 3 : 2);
const ms = (value) => (Number.isNaN(value) ? '–' : value.toFixed(1));

const columnsOf = (of) => [
  '',
  'requests/s',
  `of ${of}`,
  'quartiles',
  'CPU node, µs',
  'CPU PostgreSQL, µs',
  'p50, ms',
  'p99, ms',
];

/** @param {{ title: string, of: string, rows: import('./paired.mjs').Row[], control: import('./paired.mjs').Row, isRefused: boolean }} result */
export function tableOf(result) {
  return result.control ? ratiosOf(result) : statisticsOf(result);
}

/** Table of a workload with its own columns. */
function statisticsOf({ title, columns, lines, notes }) {
  return `### ${title}\n\n${markdown(columns, lines)}\n\n${notes.join('\n')}\n`;
}

function ratiosOf({ title, of, rows, control, isRefused }) {
  const lines = rows.map((row) => [
    row === control ? `${row.name} (control)` : row.name,
    whole(row.perSecond),
    ratio(row.ratio[1]) + (isUnresolved(row, control) && row.ratio[0] !== row.ratio[2] ? ' unresolved' : ''),
    `${ratio(row.ratio[0])} – ${ratio(row.ratio[2])}`,
    whole(row.nodeUs),
    whole(row.postgresUs),
    ms(row.p50Ms),
    ms(row.p99Ms),
  ]);
  const head = `### ${title}${isRefused ? ' — refused: the control left 0.9 – 1.1' : ''}`;
  return `${head}\n\n${markdown(columnsOf(of), lines)}\n`;
}

/** A Markdown table of texts, the first column to the left, the others to the right. */
export function markdown(columns, lines) {
  const widths = columns.map((column, place) =>
    Math.max(3, ...[column, ...lines.map((line) => line[place])].map(({ length }) => length)),
  );
  const row = (cells) =>
    `| ${cells.map((cell, place) => (place === 0 ? cell.padEnd(widths[place]) : cell.padStart(widths[place]))).join(' | ')} |`;
  const rule = `| ${widths.map((width, place) => (place === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`;
  return [row(columns), rule, ...lines.map(row)].join('\n');
}
