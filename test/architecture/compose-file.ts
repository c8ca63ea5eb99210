/** A value of a compose file: text, a list, or a mapping. */
export type ComposeValue = string | ComposeValue[] | ComposeMapping;
export interface ComposeMapping {
  [key: string]: ComposeValue;
}

const KEY = /^([\w<.-]+):(?: +(.*))?$/;
const indentOf = (line: string): number => line.search(/\S/);
const unquoted = (text: string): string => text.replace(/^(['"])(.*)\1$/, '$2');

/**
 * Reads the part of YAML that our compose file is written in: block mappings and lists, one-line lists of text, `|`
 * text, anchors on mappings and `<<` merges.
 * @throws Error at the first line that is anything else, so that nothing is misread in silence.
 */
export class ComposeFile {
  private readonly lines: string[];
  private readonly anchors = new Map<string, ComposeMapping>();

  constructor(text: string) {
    this.lines = text.split('\n');
  }

  read(): ComposeMapping {
    const value = this.block(0) as ComposeMapping;
    const rest = this.peek();
    if (rest !== undefined) throw new Error(`cannot read: ${rest}`);
    return value;
  }

  /** The next line that says something. */
  private peek(): string | undefined {
    while (this.lines.length > 0 && /^\s*(#|$)/.test(this.lines[0]!)) this.lines.shift();
    return this.lines[0];
  }

  private block(indent: number): ComposeValue {
    return this.peek()?.startsWith('- ', indent) ? this.list(indent) : this.mapping(indent);
  }

  private list(indent: number): ComposeValue[] {
    const items: ComposeValue[] = [];
    for (let line = this.peek(); line !== undefined && indentOf(line) === indent; line = this.peek()) {
      const item = line.slice(indent + 2);
      if (KEY.test(item)) {
        this.lines[0] = ' '.repeat(indent + 2) + item;
        items.push(this.mapping(indent + 2));
      } else {
        this.lines.shift();
        items.push(unquoted(item));
      }
    }
    return items;
  }

  private mapping(indent: number): ComposeMapping {
    const entries: ComposeMapping = {};
    for (let line = this.peek(); line !== undefined && indentOf(line) === indent; line = this.peek()) {
      const [, key, rest = ''] = KEY.exec(line.trim()) ?? [];
      if (key === undefined) throw new Error(`cannot read: ${line}`);
      this.lines.shift();
      const value = this.value(rest, indent);
      if (key === '<<') Object.assign(entries, value);
      else entries[key] = value;
    }
    return entries;
  }

  private value(rest: string, indent: number): ComposeValue {
    if (rest === '|') return this.literal(indent);
    if (rest.startsWith('*')) return this.anchors.get(rest.slice(1))!;
    if (rest.startsWith('[')) return rest.slice(1, -1).split(/, */).map(unquoted);
    if (rest !== '' && !rest.startsWith('&')) return unquoted(rest);
    const next = this.peek();
    const value = next !== undefined && indentOf(next) > indent ? this.block(indentOf(next)) : '';
    if (rest.startsWith('&')) this.anchors.set(rest.slice(1), value as ComposeMapping);
    return value;
  }

  private literal(indent: number): string {
    const text: string[] = [];
    while (this.lines.length > 0 && (this.lines[0]!.trim() === '' || indentOf(this.lines[0]!) > indent)) {
      text.push(this.lines.shift()!.trim());
    }
    return text.join('\n');
  }
}
