import type { Tree } from '@angular-devkit/schematics';
import { CodeFile } from './code-file.js';
import { filesOf } from './domain-on-disk.js';
import type { DomainNames } from './names.js';

/** Gives the worker a class of the domain, and the domain a module for the worker when it has none yet. */
export function addToWorker(tree: Tree, names: DomainNames, className: string, from: string): void {
  const { many } = names;
  const files = filesOf(names);
  const worker = `${many.pascal}WorkerModule`;
  CodeFile.edit(tree, files.module, (module) => {
    module.import(from, className);
    module.declaration(
      worker,
      `/** Background jobs and event subscribers for ${many.words}. */
       @Module({ imports: [${many.pascal}Module], providers: [] })
       export class ${worker} {}`,
    );
    module.element(`${worker}.providers`, className);
  });
  CodeFile.edit(tree, files.index, (index) => {
    index.exportFrom(`./${many.kebab}.module.js`, worker);
  });
  CodeFile.edit(tree, 'apps/worker/src/worker.module.ts', (program) => {
    program.import(`#crm/${many.kebab}`, worker).element('imports', worker);
  });
}
