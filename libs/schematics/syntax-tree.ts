import ts from 'typescript';

/** Parses a file with parents set, so that nodes know their text. */
export function parse(path: string, text: string): ts.SourceFile {
  return ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, true);
}

/** Finds the first node of a kind, the root included, in the order of the text. */
export function find<T extends ts.Node>(root: ts.Node, isWanted: (node: ts.Node) => node is T): T | undefined {
  if (isWanted(root)) return root;
  return ts.forEachChild(root, (child) => find(child, isWanted));
}

/** Value of a string literal, such as what an import names; empty for other nodes. */
export function textOf(node: ts.Expression | undefined): string {
  return node && ts.isStringLiteral(node) ? node.text : '';
}

/** Name in the text of a property. */
export function nameIn(text: string): string {
  return text.split(/[:(,]/)[0]!.trim();
}

/** Names that a statement declares. */
export function declaredIn(statement: ts.Statement): readonly string[] {
  if (ts.isVariableStatement(statement))
    return statement.declarationList.declarations.map(({ name }) => name.getText());
  const { name } = statement as ts.Statement & { readonly name?: ts.Node };
  return name ? [name.getText()] : [];
}

/** Text without whitespace and trailing commas, for comparison. */
export function squeezed(text: string): string {
  return text.replace(/\s+/g, '').replace(/,(?=[)\]}])/g, '');
}

/** Start of the comments on the lines above a node, or of the node if there are none. */
export function beforeComments(node: ts.Node): number {
  const comments = ts.getLeadingCommentRanges(node.getSourceFile().text, node.getFullStart());
  return comments?.[0]?.pos ?? node.getStart();
}

/** End of the comments that follow a position on its line; a comment at the start of a file follows nothing. */
export function afterComments(source: ts.SourceFile, at: number): number {
  if (at === 0) return at;
  return ts.getTrailingCommentRanges(source.text, at)?.at(-1)?.end ?? at;
}
