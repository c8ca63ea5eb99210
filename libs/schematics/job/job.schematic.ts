import { type Rule, SchematicsException, type Tree } from '@angular-devkit/schematics';
import { CodeFile } from '../code-file.js';
import { actOf, domainOnDisk, filesOf } from '../domain-on-disk.js';
import { type DomainNames, type Spellings, spellings } from '../names.js';
import { addToWorker } from '../worker.js';
import { generate, type Writing } from '../writing.js';

export interface JobOptions extends Writing {
  readonly domain: string;
  readonly name: string;
  /** The act that it carries out. */
  readonly does: string;
  /** Days, as text. */
  readonly after: string;
}

/** Adds a queue and a daily job, which runs an act on rows without recent changes. */
export function job(options: JobOptions): Rule {
  return (tree) => {
    const names = domainOnDisk(tree, options.domain);
    const name = spellings(options.name, 'A job');
    if (!/^[1-9]\d{0,3}$/.test(options.after)) {
      throw new SchematicsException(`--after is a number of days from 1 to 9999, not “${options.after}”.`);
    }
    const { act, done } = actOf(tree, names, options.does, '--does');
    requireOnly(tree, names, name, act);
    const queue = spellings(`${names.many.kebab}-${name.kebab}`, 'A queue');
    const values = {
      ...names,
      name,
      act,
      done,
      days: options.after,
      queueConstant: queue.constant,
      manyKebab: names.many.kebab,
      nameKebab: name.kebab,
    };
    return generate(values, options, (house) => {
      addQueue(house, names, queue);
      addToWorker(house, names, `${name.pascal}Job`, `./jobs/${name.kebab}.job.js`);
      processQueues(house, names);
    });
  };
}

/** Of two jobs that carry out the same act the hastier would leave nothing to the other. */
function requireOnly(tree: Tree, names: DomainNames, name: Spellings, act: Spellings): void {
  const jobs = `${filesOf(names).folder}/jobs`;
  const command = `${act.pascal}${names.one.pascal}Command`;
  const other = (tree.getDir(jobs).subfiles as readonly string[]).find(
    (file) => file !== `${name.kebab}.job.ts` && tree.readText(`${jobs}/${file}`).includes(command),
  );
  if (other === undefined) return;
  throw new SchematicsException(`${jobs}/${other} carries ${act.kebab} out already: change the days there.`);
}

function addQueue(tree: Tree, names: DomainNames, queue: Spellings): void {
  const { one, many } = names;
  const path = `${filesOf(names).folder}/jobs/${many.kebab}.queues.ts`;
  const all = `${one.constant}_QUEUES`;
  if (!tree.exists(path)) {
    tree.create(path, `/** The Bull queues of ${many.words}. */\nexport const ${all} = [];\n`);
  }
  CodeFile.edit(tree, path, (queues) => {
    queues.declaration(queue.constant, `export const ${queue.constant} = '${queue.kebab}';`, { before: all });
    queues.element(all, queue.constant);
  });
}

/** In the worker; the API shows them to admins. */
function processQueues(tree: Tree, names: DomainNames): void {
  const { one, many } = names;
  const files = filesOf(names);
  const all = `${one.constant}_QUEUES`;
  CodeFile.edit(tree, files.module, (module) => {
    module.import('#platform/jobs', 'JobsModule').import(`./jobs/${many.kebab}.queues.js`, all);
    module.element(`${many.pascal}WorkerModule.imports`, `JobsModule.registerProcessor(...${all})`);
  });
  CodeFile.edit(tree, files.index, (index) => {
    index.exportFrom(`./jobs/${many.kebab}.queues.js`, all);
  });
  CodeFile.edit(tree, 'apps/api/src/queues/queues.ts', (queues) => {
    queues.import(`#crm/${many.kebab}`, all).element('QUEUES', `...${all}`, { before: 'EVENT_REPLAYS' });
  });
}
