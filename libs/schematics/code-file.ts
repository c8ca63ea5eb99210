import { SchematicsException, type Tree } from '@angular-devkit/schematics';
import ts from 'typescript';

/** Where something new goes in a list: before the first element that begins with this text, else at the end. */
export interface Place {
  readonly before?: string;
}

/**
 * A file of TypeScript that gets additions where its syntax tree has their place; what is there already stays as it is,
 * so that adding again changes nothing. Layout is the formatter's affair.
 */
export class CodeFile {
  private source: ts.SourceFile;
  private readonly original: string;

  /** @throws SchematicsException when there is no such file. */
  constructor(
    tree: Tree,
    readonly path: string,
  ) {
    if (!tree.exists(path)) throw new SchematicsException(`There is no ${path}: nothing to add to.`);
    this.original = tree.readText(path);
    this.source = parse(path, this.original);
  }

  /** Opens a file, makes additions and writes it. */
  static edit(tree: Tree, path: string, additions: (file: CodeFile) => void): void {
    const file = new CodeFile(tree, path);
    additions(file);
    if (file.source.text !== file.original) tree.overwrite(path, file.source.text);
  }

  /** Imports names, `type` before those that are only types. */
  import(from: string, ...names: readonly string[]): this {
    for (const name of names) this.importOne(from, name);
    return this;
  }

  /**
   * Adds an element to a list.
   * @param list the constant in whose value it is, a property when no constant is called so, or `Class.property` of what
   *   the class is decorated with.
   */
  element(list: string, text: string, place: Place = {}): this {
    const value = list.includes('.') ? this.decorationOf(...(list.split('.') as [string, string])) : this.valueOf(list);
    const array = find(value, ts.isArrayLiteralExpression);
    if (!array) throw this.misses(`list ${list}`);
    return this.insertInto(array.elements, array.getEnd() - 1, text, place);
  }

  /** Adds an argument to a decorator of a class. */
  decoratorArgument(className: string, decorator: string, text: string): this {
    const call = (ts.getDecorators(this.classOf(className)) ?? [])
      .map(({ expression }) => expression)
      .filter(ts.isCallExpression)
      .find(({ expression }) => expression.getText() === decorator);
    if (!call) throw this.misses(`@${decorator} on ${className}`);
    return this.insertInto(call.arguments, call.getEnd() - 1, text, {});
  }

  /**
   * Adds a property to an object.
   * @param owner the constant whose value it is, the function that returns it, or `Class.member`.
   */
  property(owner: string, text: string, place: Place = {}): this {
    const value = owner.includes('.') ? this.memberOf(...(owner.split('.') as [string, string])) : this.valueOf(owner);
    const object = find(value, ts.isObjectLiteralExpression);
    if (!object) throw this.misses(`object in ${owner}`);
    const name = nameIn(text);
    if (object.properties.some((property) => nameIn(property.getText()) === name)) return this;
    return this.insertInto(object.properties, object.getEnd() - 1, text, place);
  }

  /** Adds a member to a class or an interface unless it has one of this name. */
  member(owner: string, name: string, text: string, place: Place = {}): this {
    const declaration = this.typeOf(owner);
    const named = (member: ts.Node & { name?: ts.Node }, wanted: string) => member.name?.getText() === wanted;
    if (declaration.members.some((member) => named(member, name))) return this;
    const next = declaration.members.find((member) => place.before !== undefined && named(member, place.before));
    const isClass = ts.isClassDeclaration(declaration);
    const end = declaration.members.at(-1)?.getEnd() ?? declaration.getEnd() - 1;
    return this.insert(next ? next.getFullStart() : end, isClass ? `\n\n${text}\n` : `\n${text}`);
  }

  /** Adds a declaration to the end of the file, or before another one, unless its name is declared. */
  declaration(name: string, text: string, place: Place = {}): this {
    const isCalled = (statement: ts.Statement, wanted: string) => declaredIn(statement).includes(wanted);
    if (this.source.statements.some((statement) => isCalled(statement, name))) return this;
    const next = this.source.statements.find(
      (statement) => place.before !== undefined && isCalled(statement, place.before),
    );
    return this.insert(next ? next.getFullStart() : this.source.text.length, `\n\n${text}\n`);
  }

  /** Adds a statement to the end of a function, before its last `return` if it ends with one. */
  statement(functionName: string, text: string): this {
    const body = find(this.valueOf(functionName), ts.isBlock);
    if (!body) throw this.misses(`function ${functionName}`);
    if (squeezed(body.getText()).includes(squeezed(text))) return this;
    const last = body.statements.at(-1);
    const at = last && ts.isReturnStatement(last) ? last.getFullStart() : body.getEnd() - 1;
    return this.insert(at, last && at === last.getFullStart() ? `\n${text}` : `${text}\n`);
  }

  /** Puts another identifier in the place of one, in a method of a class. */
  replaceIn(className: string, method: string, old: string, now: string): this {
    const body = this.memberOf(className, method);
    if (find(body, (node): node is ts.Identifier => ts.isIdentifier(node) && node.text === now)) return this;
    const found = find(body, (node): node is ts.Identifier => ts.isIdentifier(node) && node.text === old);
    if (!found) throw this.misses(`${old} in ${className}.${method}`);
    return this.replace(found.getStart(), found.getEnd(), now);
  }

  /** Exports from the other file, for doors. */
  exportFrom(from: string, name: string): this {
    const exported = this.source.statements.filter(ts.isExportDeclaration);
    const same = exported.find(({ moduleSpecifier }) => textOf(moduleSpecifier) === from);
    if (same?.exportClause && ts.isNamedExports(same.exportClause)) {
      return this.insertInto(
        same.exportClause.elements,
        same.exportClause.getEnd() - 1,
        name,
        nextByName(same.exportClause, name),
      );
    }
    return this.insert(this.source.text.length, `export { ${name} } from '${from}';\n`);
  }

  /** Names of the methods, accessors and properties of a class or an interface. */
  membersOf(owner: string): readonly string[] {
    return this.typeOf(owner).members.flatMap(({ name }) => (name ? [name.getText()] : []));
  }

  /** What a member of a class or an interface says; nothing when there is none of this name. */
  textOf(owner: string, member: string): string {
    const found = this.typeOf(owner).members.find(({ name }) => name?.getText() === member);
    return found?.getText() ?? '';
  }

  private importOne(from: string, name: string): void {
    const imports = this.source.statements.filter(ts.isImportDeclaration);
    const same = imports.find(({ moduleSpecifier }) => textOf(moduleSpecifier) === from);
    const clause = same?.importClause;
    if (clause?.namedBindings && ts.isNamedImports(clause.namedBindings)) {
      const bindings = clause.namedBindings;
      const isTypeOnly = clause.phaseModifier === ts.SyntaxKind.TypeKeyword;
      const bare = name.replace(/^type /, '');
      if (bindings.elements.some((element) => element.name.text === bare)) return;
      if (isTypeOnly && !name.startsWith('type ')) throw this.misses(`import of values from ${from}`);
      const text = isTypeOnly ? bare : name;
      this.insertInto(bindings.elements, bindings.getEnd() - 1, text, nextByName(bindings, text));
      return;
    }
    const type = name.startsWith('type ') ? 'type ' : '';
    const text = `import ${type}{ ${name.replace(/^type /, '')} } from '${from}';\n`;
    this.insert(this.placeOfImport(imports, from), text);
  }

  /** Packages first, then aliases, then files; among those of the same kind by name. */
  private placeOfImport(imports: readonly ts.ImportDeclaration[], from: string): number {
    const rank = (specifier: string): number => ['#', '.'].indexOf(specifier.charAt(0));
    const ranked = imports.map((declaration) => {
      const specifier = textOf(declaration.moduleSpecifier);
      return { declaration, specifier, rank: rank(specifier) };
    });
    const next =
      ranked.find((known) => known.rank === rank(from) && known.specifier > from) ??
      ranked.find((known) => known.rank > rank(from) && !ranked.some((other) => other.rank === rank(from)));
    if (next) return next.declaration.getStart();
    const last = ranked.findLast((known) => known.rank === rank(from)) ?? ranked.at(-1);
    return last ? last.declaration.getEnd() + 1 : 0;
  }

  /** The body of a constant, a function, or a property of some object. */
  private valueOf(name: string): ts.Node {
    const declared = find(
      this.source,
      (node): node is ts.VariableDeclaration | ts.FunctionDeclaration =>
        (ts.isVariableDeclaration(node) || ts.isFunctionDeclaration(node)) && node.name?.getText() === name,
    );
    if (declared) return ts.isFunctionDeclaration(declared) ? declared : declared.initializer!;
    const property = find(
      this.source,
      (node): node is ts.PropertyAssignment => ts.isPropertyAssignment(node) && node.name.getText() === name,
    );
    if (!property) throw this.misses(name);
    return property.initializer;
  }

  private decorationOf(className: string, property: string): ts.Node {
    const decorators = ts.getDecorators(this.classOf(className)) ?? [];
    const isWanted = (node: ts.Node): node is ts.PropertyAssignment =>
      ts.isPropertyAssignment(node) && node.name.getText() === property;
    const found = decorators.map((decorator) => find(decorator, isWanted)).find((node) => node !== undefined);
    if (!found) throw this.misses(`${property} for ${className}`);
    return found.initializer;
  }

  private classOf(name: string): ts.ClassDeclaration {
    const declaration = this.typeOf(name);
    if (!ts.isClassDeclaration(declaration)) throw this.misses(`class ${name}`);
    return declaration;
  }

  private typeOf(name: string): ts.ClassDeclaration | ts.InterfaceDeclaration {
    const declaration = this.source.statements.find(
      (node): node is ts.ClassDeclaration | ts.InterfaceDeclaration =>
        (ts.isClassDeclaration(node) || ts.isInterfaceDeclaration(node)) && node.name?.text === name,
    );
    if (!declaration) throw this.misses(name);
    return declaration;
  }

  private memberOf(className: string, name: string): ts.ClassElement {
    const member = this.classOf(className).members.find((candidate) => candidate.name?.getText() === name);
    if (!member) throw this.misses(`${className}.${name}`);
    return member;
  }

  private insertInto(items: ts.NodeArray<ts.Node>, end: number, text: string, { before }: Place): this {
    if (items.some((item) => squeezed(item.getText()) === squeezed(text))) return this;
    const next = before === undefined ? undefined : items.find((item) => item.getText().startsWith(before));
    if (next) return this.insert(next.getStart(), `${text}, `);
    const last = items.at(-1);
    return last ? this.insert(last.getEnd(), `, ${text}`) : this.insert(end, text);
  }

  private insert(at: number, text: string): this {
    return this.replace(at, at, text);
  }

  private replace(from: number, to: number, text: string): this {
    const { text: whole } = this.source;
    this.source = parse(this.path, whole.slice(0, from) + text + whole.slice(to));
    return this;
  }

  private misses(what: string): SchematicsException {
    return new SchematicsException(
      `In ${this.path} there is no ${what}: it has not the shape that the generators write, so add to it by hand.`,
    );
  }
}

function parse(path: string, text: string): ts.SourceFile {
  return ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, true);
}

function find<T extends ts.Node>(root: ts.Node, isWanted: (node: ts.Node) => node is T): T | undefined {
  if (isWanted(root)) return root;
  return ts.forEachChild(root, (child) => find(child, isWanted));
}

function textOf(node: ts.Expression | undefined): string {
  return node && ts.isStringLiteral(node) ? node.text : '';
}

/** The name that a property or an element is written with. */
function nameIn(text: string): string {
  return text.split(/[:(,]/)[0]!.trim();
}

function declaredIn(statement: ts.Statement): readonly string[] {
  if (ts.isVariableStatement(statement))
    return statement.declarationList.declarations.map(({ name }) => name.getText());
  const { name } = statement as ts.Statement & { readonly name?: ts.Node };
  return name ? [name.getText()] : [];
}

/** The next one in the order of names, without case. */
function nextByName(list: ts.NamedImports | ts.NamedExports, name: string): Place {
  const key = (text: string): string => text.replace(/^type /, '').toLowerCase();
  const next = list.elements.find((element) => key(element.getText()) > key(name));
  return next ? { before: next.getText() } : {};
}

/** Layout and commas at the end make no difference. */
function squeezed(text: string): string {
  return text.replace(/\s+/g, '').replace(/,(?=[)\]}])/g, '');
}
