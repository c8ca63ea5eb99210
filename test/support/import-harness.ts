import { Clock } from '#platform/kernel';
import { type Answer, startTestApplication, type TestApplication, testEnvironment, until } from '#platform/testing';
import type { TestUser } from '#platform/testing';
import { WorkerModule } from '../../apps/worker/src/worker.module.js';
import { Crm, type Listed } from './crm.js';

/** An import as the API shows it. */
export interface ShownImport {
  readonly id: string;
  readonly state: string;
  readonly rows: number;
  readonly rows_done: number;
  readonly created: number;
  readonly updated: number;
  readonly skipped: number;
  readonly failed: number;
  readonly rows_per_second: number | null;
}

export interface ShownFault {
  readonly line: number;
  readonly column: string | null;
  readonly code: string;
  readonly detail: string;
}

const FINAL = ['done', 'refused', 'failed'];

/** The API and a worker in this process, with an admin who imports files. */
export class ImportHarness {
  readonly admin: TestUser;

  private constructor(
    readonly crm: Crm,
    private readonly worker: TestApplication,
  ) {
    this.admin = crm.user('admin');
  }

  static async open(env: Readonly<Record<string, string>> = {}): Promise<ImportHarness> {
    const crm = await Crm.start(env);
    const module = WorkerModule.forRoot(testEnvironment({ databaseUrl: crm.database.url }, env));
    return new ImportHarness(crm, await startTestApplication(module, [{ provide: Clock, useValue: crm.clock }]));
  }

  /** Uploads a file; `what` is the kind and the query. */
  submit(what: string, csv: string | Buffer): Promise<Answer<ShownImport>> {
    return this.admin.post<ShownImport>(`/imports/${what}`, csv, { 'content-type': 'text/csv' });
  }

  /** Uploads a file and waits until its import has ended. */
  async importFile(what: string, csv: string | Buffer): Promise<ShownImport> {
    const { status, body } = await this.submit(what, csv);
    if (status !== 202) throw new Error(`not accepted: ${status} ${JSON.stringify(body)}`);
    return this.waitForEnd(body.id);
  }

  /** The import once it has ended. */
  waitForEnd(id: string): Promise<ShownImport> {
    return until(async () => {
      const { body } = await this.admin.get<ShownImport>(`/imports/${id}`);
      return FINAL.includes(body.state) && body;
    });
  }

  /** Faults of the import, with their lines. */
  async faults({ id }: ShownImport): Promise<readonly ShownFault[]> {
    const { body } = await this.admin.get<Listed<ShownFault>>(`/imports/${id}/errors?limit=200`);
    return body.items;
  }

  async close(): Promise<void> {
    await this.worker.close();
    await this.crm.stop();
  }
}

/** A CSV file of these rows; cells are quoted where they must be. */
export function csvOf(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const cell = (text: string): string => (/[",;\t\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  return [columns, ...rows].map((cells) => `${cells.map(cell).join(',')}\r\n`).join('');
}
