import { SchematicsException, type Tree } from '@angular-devkit/schematics';
import ts from 'typescript';
import { afterComments, beforeComments, declaredIn, find, nameIn, parse, squeezed, textOf } from './syntax-tree.js';

/** Position of an addition: before the first element whose text starts with `before`, else at the end. */
export interface Place {
  readonly before?: string;
}

/**
 * Adds to one TypeScript file at positions found in its syntax tree. Comments stay with the code that they describe, an
 * addition that exists is left as it is, and prettier formats the file afterwards.
 */
export class CodeFile {
  private source: ts.SourceFile;
  private readonly original: string;

  /** @throws SchematicsException if the file does not exist. */
  constructor(
    tree: Tree,
    readonly path: string,
  ) {
    if (!tree.exists(path)) throw new SchematicsException(`There is no ${path}: nothing to add to.`);
    this.original = tree.readText(path);
    this.source = parse(path, this.original);
  }

  /** Opens a file, adds to it and writes it if it changed. */
  static edit(tree: Tree, path: string, additions: (file: CodeFile) => void): void {
    const file = new CodeFile(tree, path);
    additions(file);
    if (file.source.text !== file.original) tree.overwrite(path, file.source.text);
  }

  /** Imports names; the prefix `type ` marks a type. */
  import(from: string, ...names: readonly string[]): this {
    for (const name of names) this.importOne(from, name);
    return this;
  }

  /**
   * Adds an element to a list.
   * @param list a constant whose value contains the list, a property if no constant has this name, or `Class.property`
   *   for a property in a decorator of the class.
   */
  element(list: string, text: string, place: Place = {}): this {
    const value = list.includes('.') ? this.decorationOf(...(list.split('.') as [string, string])) : this.valueOf(list);
    const array = find(value, ts.isArrayLiteralExpression);
    if (!array) throw this.missing(`list ${list}`);
    return this.insertInto(array.elements, array.getEnd() - 1, text, place);
  }

  /** Adds an argument to a decorator of a class. */
  decoratorArgument(className: string, decorator: string, text: string): this {
    const call = (ts.getDecorators(this.classOf(className)) ?? [])
      .map(({ expression }) => expression)
      .filter(ts.isCallExpression)
      .find(({ expression }) => expression.getText() === decorator);
    if (!call) throw this.missing(`@${decorator} on ${className}`);
    return this.insertInto(call.arguments, call.getEnd() - 1, text, {});
  }

  /**
   * Adds a property to an object.
   * @param owner the constant whose value is the object, the function that returns it, or `Class.member`.
   */
  property(owner: string, text: string, place: Place = {}): this {
    const value = owner.includes('.') ? this.memberOf(...(owner.split('.') as [string, string])) : this.valueOf(owner);
    const object = find(value, ts.isObjectLiteralExpression);
    if (!object) throw this.missing(`object in ${owner}`);
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
    const at = afterComments(this.source, next ? next.getFullStart() : end);
    return this.insert(at, isClass ? `\n\n${text}\n` : `\n${text}`);
  }

  /** Adds a declaration to the end of the file, or before another one, unless its name is declared. */
  declaration(name: string, text: string, place: Place = {}): this {
    const isCalled = (statement: ts.Statement, wanted: string) => declaredIn(statement).includes(wanted);
    if (this.source.statements.some((statement) => isCalled(statement, name))) return this;
    const next = this.source.statements.find(
      (statement) => place.before !== undefined && isCalled(statement, place.before),
    );
    const at = next ? afterComments(this.source, next.getFullStart()) : this.source.text.length;
    return this.insert(at, `\n\n${text}\n`);
  }

  /** Adds a statement to the end of a function, before its last `return` if it ends with one. */
  statement(functionName: string, text: string): this {
    const body = find(this.valueOf(functionName), ts.isBlock);
    if (!body) throw this.missing(`function ${functionName}`);
    if (squeezed(body.getText()).includes(squeezed(text))) return this;
    const last = body.statements.at(-1);
    if (!last || !ts.isReturnStatement(last)) return this.insert(body.getEnd() - 1, `${text}\n`);
    return this.insert(afterComments(this.source, last.getFullStart()), `\n${text}`);
  }

  /** Replaces the first use of an identifier in a method of a class. */
  replaceIn(className: string, method: string, old: string, now: string): this {
    const body = this.memberOf(className, method);
    if (find(body, (node): node is ts.Identifier => ts.isIdentifier(node) && node.text === now)) return this;
    const found = find(body, (node): node is ts.Identifier => ts.isIdentifier(node) && node.text === old);
    if (!found) throw this.missing(`${old} in ${className}.${method}`);
    return this.replace(found.getStart(), found.getEnd(), now);
  }

  /** Exports a name of another file. */
  exportFrom(from: string, name: string): this {
    const exported = this.source.statements.filter(ts.isExportDeclaration);
    const same = exported.find(({ moduleSpecifier, isTypeOnly }) => textOf(moduleSpecifier) === from && !isTypeOnly);
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

  /** Names of the methods, accessors and properties of a class or an interface, those of its constructor included. */
  membersOf(owner: string): readonly string[] {
    return this.typeOf(owner)
      .members.flatMap((member): readonly (ts.TypeElement | ts.ClassElement | ts.ParameterDeclaration)[] =>
        ts.isConstructorDeclaration(member)
          ? member.parameters.filter((parameter) => ts.isParameterPropertyDeclaration(parameter, member))
          : [member],
      )
      .flatMap(({ name }) => (name ? [name.getText()] : []));
  }

  /** Text of a member of a class or an interface; empty if there is none of this name. */
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
      if (isTypeOnly && bare === name) {
        this.markEachAsType(clause, bindings);
        return this.importOne(from, name);
      }
      const text = isTypeOnly ? bare : name;
      this.insertInto(bindings.elements, bindings.getEnd() - 1, text, nextByName(bindings, text));
      return;
    }
    const type = name.startsWith('type ') ? 'type ' : '';
    this.insertImport(imports, from, `import ${type}{ ${name.replace(/^type /, '')} } from '${from}';`);
  }

  /** Turns `import type { A }` into `import { type A }`. */
  private markEachAsType(clause: ts.ImportClause, bindings: ts.NamedImports): void {
    for (const element of bindings.elements.toReversed()) this.insert(element.getStart(), 'type ');
    const start = clause.getStart();
    this.replace(start, start + 'type'.length, '');
  }

  /** Orders imports by kind (packages, aliases, files), then by name. */
  private insertImport(imports: readonly ts.ImportDeclaration[], from: string, text: string): void {
    const rank = (specifier: string): number => ['#', '.'].indexOf(specifier.charAt(0));
    const ranked = imports.map((declaration) => {
      const specifier = textOf(declaration.moduleSpecifier);
      return { declaration, specifier, rank: rank(specifier) };
    });
    const next =
      ranked.find((known) => known.rank === rank(from) && known.specifier > from) ??
      ranked.find((known) => known.rank > rank(from) && !ranked.some((other) => other.rank === rank(from)));
    if (next) {
      // A comment above the first import may describe the file.
      const isFirst = next.declaration === this.source.statements[0];
      this.insert(isFirst ? next.declaration.getStart() : beforeComments(next.declaration), `${text}\n`);
      return;
    }
    const last = ranked.findLast((known) => known.rank === rank(from)) ?? ranked.at(-1);
    if (last) this.insert(afterComments(this.source, last.declaration.getEnd()), `\n${text}`);
    else this.insert(0, `${text}\n`);
  }

  /** The value of a constant, a function, or the value of the first property of this name. */
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
    if (!property) throw this.missing(name);
    return property.initializer;
  }

  private decorationOf(className: string, property: string): ts.Node {
    const decorators = ts.getDecorators(this.classOf(className)) ?? [];
    const isWanted = (node: ts.Node): node is ts.PropertyAssignment =>
      ts.isPropertyAssignment(node) && node.name.getText() === property;
    const found = decorators.map((decorator) => find(decorator, isWanted)).find((node) => node !== undefined);
    if (!found) throw this.missing(`${property} for ${className}`);
    return found.initializer;
  }

  private classOf(name: string): ts.ClassDeclaration {
    const declaration = this.typeOf(name);
    if (!ts.isClassDeclaration(declaration)) throw this.missing(`class ${name}`);
    return declaration;
  }

  private typeOf(name: string): ts.ClassDeclaration | ts.InterfaceDeclaration {
    const declaration = this.source.statements.find(
      (node): node is ts.ClassDeclaration | ts.InterfaceDeclaration =>
        (ts.isClassDeclaration(node) || ts.isInterfaceDeclaration(node)) && node.name?.text === name,
    );
    if (!declaration) throw this.missing(name);
    return declaration;
  }

  private memberOf(className: string, name: string): ts.ClassElement {
    const member = this.classOf(className).members.find((candidate) => candidate.name?.getText() === name);
    if (!member) throw this.missing(`${className}.${name}`);
    return member;
  }

  private insertInto(items: ts.NodeArray<ts.Node>, end: number, text: string, { before }: Place): this {
    if (items.some((item) => squeezed(item.getText()) === squeezed(text))) return this;
    const next = before === undefined ? undefined : items.find((item) => item.getText().startsWith(before));
    if (next) {
      const at = beforeComments(next);
      return this.insert(at, at === next.getStart() ? `${text}, ` : `${text},\n`);
    }
    if (items.length === 0) return this.insert(end, text);
    const comma = items.hasTrailingComma ? '' : ',';
    const after = afterComments(this.source, items.end);
    return this.replace(items.end, after, `${comma}${this.source.text.slice(items.end, after)}\n${text}`);
  }

  private insert(at: number, text: string): this {
    return this.replace(at, at, text);
  }

  private replace(from: number, to: number, text: string): this {
    const { text: whole } = this.source;
    this.source = parse(this.path, whole.slice(0, from) + text + whole.slice(to));
    return this;
  }

  private missing(what: string): SchematicsException {
    return new SchematicsException(
      `In ${this.path} there is no ${what}: it differs from what the generators write, so add to it by hand.`,
    );
  }
}

/** Position by name, regardless of case. */
function nextByName(list: ts.NamedImports | ts.NamedExports, name: string): Place {
  const key = (text: string): string => text.replace(/^type /, '').toLowerCase();
  const next = list.elements.find((element) => key(element.getText()) > key(name));
  return next ? { before: next.getText() } : {};
}
