import type { Rule, Tree } from '@angular-devkit/schematics';
import { CodeFile } from '../code-file.js';
import { addColumn, requireFreeMember } from '../column.js';
import { domainOnDisk, filesOf } from '../domain-on-disk.js';
import { migrationNames, registerMigration } from '../migration.js';
import { type DomainNames, participleOf, type Spellings, spellings } from '../names.js';
import { generate, type Writing } from '../writing.js';

export interface CommandOptions extends Writing {
  readonly domain: string;
  readonly verb: string;
  /** Past participle, where it is not the verb's regular one. */
  readonly done?: string;
}

interface Act extends DomainNames {
  readonly verb: Spellings;
  readonly done: Spellings;
}

/** Adds an act that is done once to a row, and stored as the moment at which it was done. */
export function command(options: CommandOptions): Rule {
  return (tree) => {
    const names = domainOnDisk(tree, options.domain);
    const verb = spellings(options.verb, 'An act');
    const done = spellings(options.done ?? participleOf(verb.kebab), 'What it is then');
    const act = { ...names, verb, done };
    const file = `${filesOf(names).folder}/commands/${verb.kebab}-${names.one.kebab}.command.ts`;
    requireFreeMember(tree, names, verb, file);
    const migration = migrationNames(tree, spellings(`${names.many.kebab}-${done.kebab}-at`, 'A column'));
    const values = {
      ...act,
      migration,
      verbKebab: verb.kebab,
      oneKebab: names.one.kebab,
      manyKebab: names.many.kebab,
      migrationFile: migration.file,
    };
    return generate(values, options, (house) => {
      registerMigration(house, migration);
      addColumn(house, names, {
        name: spellings(`${done.kebab}-at`, 'A column'),
        sql: 'timestamptz',
        mapping: "'timestamptz', {}",
        type: 'Instant',
        field: "@ApiProperty({ type: 'string', format: 'date-time', nullable: true })",
        decorator: ['@nestjs/swagger', 'ApiProperty'],
        doc: `When it was ${done.words}; null: not yet.`,
      });
      addVerb(house, act);
      addRoute(house, act);
      addRight(house, act);
    });
  };
}

function addVerb(tree: Tree, { one, many, verb, done, ...rest }: Act): void {
  const files = filesOf({ one, many, ...rest });
  const refusal = `${one.camel}${done.pascal}`;
  const code = `${one.snake}_${done.snake}`;
  CodeFile.edit(tree, files.errors, (errors) => {
    errors.declaration(
      refusal,
      `export const ${refusal} = (): DomainError =>
        new DomainError('conflict', '${code}', 'The ${one.words} is ${done.words} already.');`,
    );
  });
  CodeFile.edit(tree, files.entity, (entity) => {
    entity.import(`./${one.kebab}.errors.js`, refusal);
    entity.member(
      one.pascal,
      verb.camel,
      `/**
        * @param actorId null for an automatic act.
        * @throws DomainError \`${code}\`.
        */
       ${verb.camel}(actorId: string | null, now: Instant): void {
         if (this.${done.camel}At !== null) throw ${refusal}();
         this.change(${one.pascal}Revised, actorId, now, () => {
           this.${done.camel}At = now;
         });
       }`,
      { before: 'delete' },
    );
  });
  CodeFile.edit(tree, files.module, (module) => {
    const handler = `${verb.pascal}${one.pascal}Handler`;
    module.import(`./commands/${verb.kebab}-${one.kebab}.command.js`, handler).element('COMMANDS', handler);
  });
}

function addRoute(tree: Tree, { one, many, verb, done, oneWithArticle }: Act): void {
  const files = filesOf({ one, many, oneWithArticle });
  const className = `${verb.pascal}${one.pascal}Command`;
  CodeFile.edit(tree, files.controller, (controller) => {
    controller.import(`./commands/${verb.kebab}-${one.kebab}.command.js`, className);
    controller.member(
      `${many.pascal}Controller`,
      verb.camel,
      `@Post(':${one.snake}_id/${verb.kebab}')
       @Idempotent()
       @HttpCode(200)
       @ApiOperation({ summary: '${verb.title} ${oneWithArticle}, once' })
       @ApiOkResponse({ type: ${one.pascal}Resource })
       @Problems({
         404: NOT_FOUND,
         409: ['${one.snake}_${done.snake}', 'deal_closed', 'edit_conflict'],
         412: ['version_mismatch'],
       })
       async ${verb.camel}(
         @CurrentCaller() caller: Caller,
         @UuidParam() id: string,
         @UuidParam('${one.snake}_id') ${one.camel}Id: string,
         @IfMatch() expected: ExpectedVersion,
       ): Promise<${one.pascal}View> {
         return this.commands.execute(new ${className}(caller, id, ${one.camel}Id, expected));
       }`,
    );
  });
}

/** The owner of the deal decides, as over a deletion; and the event scenario deletes one. */
function addRight(tree: Tree, { one, many, verb, oneWithArticle }: Act): void {
  const files = filesOf({ one, many, oneWithArticle });
  CodeFile.edit(tree, 'libs/platform/auth/access/access.ts', (rights) => {
    rights.property(many.camel, `${verb.camel}: { seller: 'own', lead: 'all', admin: 'all' }`);
  });
  CodeFile.edit(tree, files.access, (access) => {
    access.property(
      `ACCESS_OF_${many.constant}`,
      `'POST /api/v1/deals/{id}/${many.kebab}/{${one.snake}_id}/${verb.kebab}': { about: 'deal', given, answers: DECIDE }`,
    );
  });
  CodeFile.edit(tree, files.scenario, (scenario) => {
    scenario.statement(
      `run${many.pascal}Scenario`,
      `expect(await by.post(\`\${pathOf${one.pascal}(await add${one.pascal}(by, deal))}/${verb.kebab}\`)).toMatchObject({ status: 200 });`,
    );
  });
}
