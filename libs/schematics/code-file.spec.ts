import { Tree } from '@angular-devkit/schematics';
import * as estree from 'prettier/plugins/estree';
import * as typescript from 'prettier/plugins/typescript';
import { format } from 'prettier/standalone';
import { CodeFile } from './code-file.js';

const PATH = 'file.ts';

/** Adds to a file and formats it, as the generators do. */
async function edited(text: string, additions: (file: CodeFile) => void): Promise<string> {
  const tree = Tree.empty();
  tree.create(PATH, text);
  CodeFile.edit(tree, PATH, additions);
  const options = { parser: 'typescript', plugins: [estree, typescript], singleQuote: true };
  return format(tree.readText(PATH), options);
}

type Case = readonly [title: string, before: string, additions: (file: CodeFile) => void, after: string];

describe('a generator that adds to a file', () => {
  it.each<Case>([
    ['an empty list', 'const L = [];', (file) => file.element('L', 'C'), 'const L = [C];'],
    ['one line', 'const L = [A];', (file) => file.element('L', 'C'), 'const L = [A, C];'],
    [
      'a list with a spread',
      'const L = [...A, B];',
      (file) => file.element('L', '...C', { before: 'B' }),
      'const L = [...A, ...C, B];',
    ],
    [
      'a list in a decorator',
      '@Module({ imports: [A], providers: [] }) class M {}',
      (file) => file.element('M.providers', 'C'),
      '@Module({ imports: [A], providers: [C] })\nclass M {}',
    ],
    [
      'a list that a method returns',
      'class M { static forRoot() { return { imports: [A] }; } }',
      (file) => file.element('imports', 'C'),
      'class M {\n  static forRoot() {\n    return { imports: [A, C] };\n  }\n}',
    ],
    ['an argument', '@On(A) class M {}', (file) => file.decoratorArgument('M', 'On', 'C'), '@On(A, C)\nclass M {}'],
    [
      'an object',
      'const O = { a: 1, z: 2 };',
      (file) => file.property('O', 'c: 3', { before: 'z' }),
      'const O = { a: 1, c: 3, z: 2 };',
    ],
    [
      'an export of another file',
      "export { A } from './a.js';",
      (file) => file.exportFrom('./b.js', 'B').exportFrom('./a.js', 'C'),
      "export { A, C } from './a.js';\nexport { B } from './b.js';",
    ],
    [
      'imports of each kind',
      "import { C } from 'c';\nimport { E } from './e.js';",
      (file) => file.import('#d', 'D').import('b', 'type B').import('c', 'A').import('./f.js', 'F'),
      "import type { B } from 'b';\nimport { A, C } from 'c';\nimport { D } from '#d';\nimport { E } from './e.js';\nimport { F } from './f.js';",
    ],
  ])('extends %s, and changes nothing when it runs twice', async (_, before, additions, after) => {
    expect(await edited(before, additions)).toBe(`${after}\n`);
    expect(await edited(after, additions)).toBe(`${after}\n`);
  });

  it.each<Case>([
    [
      'in the last line of a list',
      'const L = [\n  A, // a\n  B, // b\n];',
      (file) => file.element('L', 'C'),
      'const L = [\n  A, // a\n  B, // b\n  C,\n];',
    ],
    [
      'after a list without a comma at its end',
      'const L = [\n  A,\n  B // b\n];',
      (file) => file.element('L', 'C'),
      'const L = [\n  A,\n  B, // b\n  C,\n];',
    ],
    [
      'in an empty list',
      'const L = [\n  // none\n];',
      (file) => file.element('L', 'C'),
      'const L = [\n  // none\n  C,\n];',
    ],
    [
      'above an element',
      'const L = [\n  A, // a\n  // about B\n  B,\n];',
      (file) => file.element('L', 'C', { before: 'B' }),
      'const L = [\n  A, // a\n  C,\n  // about B\n  B,\n];',
    ],
    [
      'in a decorator of a module',
      '@Module({\n  providers: [\n    A, // a\n  ],\n})\nclass M {}',
      (file) => file.element('M.providers', 'C'),
      '@Module({\n  providers: [\n    A, // a\n    C,\n  ],\n})\nclass M {}',
    ],
    [
      'after an argument of a decorator',
      '@On(\n  A, // a\n  B, // b\n)\nclass M {}',
      (file) => file.decoratorArgument('M', 'On', 'C'),
      '@On(\n  A, // a\n  B, // b\n  C,\n)\nclass M {}',
    ],
    [
      'of documentation above a property',
      'const O = {\n  a: 1, // a\n  /** About z. */\n  z: 2,\n};',
      (file) => file.property('O', 'c: 3', { before: 'z' }),
      'const O = {\n  a: 1, // a\n  c: 3,\n  /** About z. */\n  z: 2,\n};',
    ],
    [
      'on the line above a property',
      'const O = {\n  a: 1, // a\n  // about z\n  z: 2,\n};',
      (file) => file.property('O', 'c: 3', { before: 'z' }),
      'const O = {\n  a: 1, // a\n  c: 3,\n  // about z\n  z: 2,\n};',
    ],
    [
      'in a list of imported names',
      "import {\n  A, // a\n  // about C\n  C, // c\n} from 'x';",
      (file) => file.import('x', 'B', 'D'),
      "import {\n  A, // a\n  B,\n  // about C\n  C, // c\n  D,\n} from 'x';",
    ],
    [
      'after the last import',
      "import { A } from 'a'; // a\n\nconst x = 1;",
      (file) => file.import('b', 'B'),
      "import { A } from 'a'; // a\nimport { B } from 'b';\n\nconst x = 1;",
    ],
    [
      'above an import',
      "// About the file.\nimport { B } from 'b';\n// about D\nimport { D } from 'd';",
      (file) => file.import('c', 'C').import('a', 'A'),
      "// About the file.\nimport { A } from 'a';\nimport { B } from 'b';\nimport { C } from 'c';\n// about D\nimport { D } from 'd';",
    ],
    [
      'after members of a class',
      'class M {\n  a = 1; // a\n\n  // about z\n  z = 2; // z\n}',
      (file) => file.member('M', 'c', 'c = 3;', { before: 'z' }).member('M', 'd', 'd = 4;'),
      'class M {\n  a = 1; // a\n\n  c = 3;\n\n  // about z\n  z = 2; // z\n\n  d = 4;\n}',
    ],
    [
      'after members of an interface',
      'interface I {\n  a: 1; // a\n  z: 2; // z\n}',
      (file) => file.member('I', 'c', 'c: 3;', { before: 'z' }).member('I', 'd', 'd: 4;'),
      'interface I {\n  a: 1; // a\n  c: 3;\n  z: 2; // z\n  d: 4;\n}',
    ],
    [
      'above a declaration',
      'const a = 1; // a\n\n// about z\nconst z = 2;',
      (file) => file.declaration('c', 'const c = 3;', { before: 'z' }),
      'const a = 1; // a\n\nconst c = 3;\n\n// about z\nconst z = 2;',
    ],
    [
      'above the first declaration',
      '/** About z. */\nconst z = 2;',
      (file) => file.declaration('c', 'const c = 3;', { before: 'z' }),
      'const c = 3;\n/** About z. */\nconst z = 2;',
    ],
    [
      'above a return',
      'function f() {\n  a(); // a\n  // about the result\n  return 1;\n}',
      (file) => file.statement('f', 'c();'),
      'function f() {\n  a(); // a\n  c();\n  // about the result\n  return 1;\n}',
    ],
  ])('leaves a comment %s where it is', async (_, before, additions, after) => {
    expect(await edited(before, additions)).toBe(`${after}\n`);
  });

  it.each<Case>([
    [
      'imports a value beside types of the same file',
      "import type { A, C } from './a.js';",
      (file) => file.import('./a.js', 'B'),
      "import { type A, B, type C } from './a.js';",
    ],
    [
      'exports a value beside types of the same file',
      "export type { A } from './a.js';",
      (file) => file.exportFrom('./a.js', 'B'),
      "export type { A } from './a.js';\nexport { B } from './a.js';",
    ],
  ])('%s', async (_, before, additions, after) => {
    expect(await edited(before, additions)).toBe(`${after}\n`);
  });

  it('lists the properties that a constructor declares among the members', async () => {
    let members: readonly string[] = [];
    await edited('class M { constructor(private readonly bus: Bus, other: Bus) {} a() {} }', (file) => {
      members = file.membersOf('M');
    });
    expect(members).toEqual(['bus', 'a']);
  });

  it('refuses a file without the expected list, and names both', async () => {
    await expect(edited('const M = [];', (file) => file.element('L', 'C'))).rejects.toThrow('In file.ts there is no L');
  });
});
