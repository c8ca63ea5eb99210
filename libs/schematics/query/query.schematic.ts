import { type Rule, SchematicsException, type Tree } from '@angular-devkit/schematics';
import { CodeFile } from '../code-file.js';
import { domainOnDisk, filesOf } from '../domain-on-disk.js';
import { type DomainNames, type Spellings, spellings } from '../names.js';
import { generate, type Writing } from '../writing.js';

export interface QueryOptions extends Writing {
  readonly domain: string;
  readonly name: string;
}

/** A reading of its own beside one row and the list: its SQL is where the developer goes on. */
export function query(options: QueryOptions): Rule {
  return (tree) => {
    const names = domainOnDisk(tree, options.domain);
    const name = spellings(options.name, 'A query');
    const values = { ...names, name, manyKebab: names.many.kebab, nameKebab: name.kebab };
    requireFree(tree, names, name);
    return generate(values, options, (house) => {
      register(house, names, name);
    });
  };
}

function requireFree(tree: Tree, names: DomainNames, name: Spellings): void {
  const { controller, folder } = filesOf(names);
  const file = `${folder}/queries/${names.many.kebab}-${name.kebab}.query.ts`;
  const routes = new CodeFile(tree, controller).membersOf(`${names.many.pascal}Controller`);
  if (!routes.includes(name.camel) || tree.exists(file)) return;
  throw new SchematicsException(`${names.many.pascal}Controller has a ${name.camel} already: choose another name.`);
}

function register(tree: Tree, names: DomainNames, name: Spellings): void {
  const { one, many } = names;
  const files = filesOf(names);
  const view = many.pascal + name.pascal;
  const file = `./queries/${many.kebab}-${name.kebab}.query.js`;
  CodeFile.edit(tree, files.dto, (dto) => {
    dto
      .import('#platform/kernel', 'type Instant')
      .import('#platform/http', 'IntegerField')
      .import(file, `type ${view}`);
    dto.import('@nestjs/swagger', 'ApiProperty');
    dto.declaration(
      `${view}Resource`,
      `/** How many ${many.words} a deal has, and when one of them last changed. */
       export class ${view}Resource implements ${view} {
         @IntegerField({ min: 0, max: 2_147_483_647, example: 3 })
         readonly count!: number;

         @ApiProperty({ type: 'string', format: 'date-time', nullable: true })
         readonly last_changed_at!: Instant | null;
       }`,
      { before: `${one.camel}Facts` },
    );
  });
  CodeFile.edit(tree, files.module, (module) => {
    module.import(file, `${view}Handler`).element('QUERIES', `${view}Handler`);
  });
  CodeFile.edit(tree, files.controller, (controller) => {
    controller.import(file, `${view}Query`, `type ${view}`).import(`./${one.kebab}.dto.js`, `${view}Resource`);
    controller.member(
      `${many.pascal}Controller`,
      name.camel,
      `@Get('${name.kebab}')
       @ApiOperation({ summary: 'How many ${many.words} a deal has, and when one of them last changed' })
       @ApiOkResponse({ type: ${view}Resource })
       @Problems({ 404: ['deal_not_found'] })
       async ${name.camel}(@CurrentCaller() caller: Caller, @UuidParam() id: string): Promise<${view}> {
         return this.queries.execute(new ${view}Query(caller, id));
       }`,
      { before: 'add' },
    );
  });
  CodeFile.edit(tree, files.access, (access) => {
    access.property(
      `ACCESS_OF_${many.constant}`,
      `'GET /api/v1/deals/{id}/${many.kebab}/${name.kebab}': { about: 'deal', answers: READ_DEAL }`,
    );
  });
}
