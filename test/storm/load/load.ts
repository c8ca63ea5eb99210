import { setTimeout as delay } from 'node:timers/promises';
import { Dice } from '../../../apps/cli/src/demo/content/dice.js';
import { ApiClient, type Body } from './api-client.js';
import { importRows, type SentImport } from './imports.js';
import { Ledger } from './ledger.js';
import { Pace } from './pace.js';
import { addPayment } from './payments.js';
import { addClient, openDeal } from './sale.js';
import { becomeDue, changeClients, changeHotRows, deleteDeal, type Due, type Hot, race, sell } from './scenarios.js';
import { Writer } from './writer.js';

const WRITERS = 48;
const HOT_DEALS = 6;
/** A writer whose last scenario wrote nothing waits. */
const BACK_OFF_MS = 100;

export interface LoadSettings {
  readonly urls: readonly string[];
  readonly seed: number;
  readonly perSecond: number;
  readonly claims: { readonly issuer: string; readonly audience: string };
}

/** Writes of every kind, by many users at once, until it is stopped. */
export class Load {
  readonly ledger = new Ledger();
  readonly due: Due = { deals: [], payments: [] };
  readonly imports: SentImport[] = [];
  private readonly client: ApiClient;
  private readonly pace: Pace;
  private hot: Hot = { deals: [], payments: [] };
  private ended = false;
  private work: Promise<unknown> = Promise.resolve();

  private constructor(private readonly settings: LoadSettings) {
    this.client = new ApiClient(settings.urls);
    this.pace = new Pace(settings.perSecond);
  }

  /** Creates the rows that all writers change, and starts. */
  static async begin(settings: LoadSettings): Promise<Load> {
    const load = new Load(settings);
    load.hot = await load.createHotRows();
    load.work = Promise.all(Array.from({ length: WRITERS }, (_, number) => load.run(number)));
    return load;
  }

  /** Stops sending and waits for the last answers. */
  async end(): Promise<void> {
    this.ended = true;
    await this.work;
    this.client.close();
  }

  private writer(number: number): Writer {
    const { client, ledger, pace } = this;
    const { seed, claims } = this.settings;
    const random = new Dice(seed + number);
    return new Writer({ client, ledger, pace, random, claims, isEnded: () => this.ended });
  }

  private async createHotRows(): Promise<Hot> {
    const writer = this.writer(WRITERS);
    const [deals, payments]: [Body[], Body[]] = [[], []];
    for (let number = 0; number < HOT_DEALS; number++) {
      const client = await addClient(writer);
      const deal = client && (await openDeal(writer, client.id));
      const payment = deal && (await addPayment(writer, deal));
      if (!payment) throw new Error('the load could not create its first rows');
      deals.push(deal);
      payments.push(payment);
    }
    return { deals, payments };
  }

  private async run(number: number): Promise<void> {
    const writer = this.writer(number);
    while (!this.ended) {
      const before = this.ledger.acknowledged;
      await this.scenario(writer);
      if (this.ledger.acknowledged === before) await delay(BACK_OFF_MS);
    }
  }

  private scenario(writer: Writer): Promise<void> {
    const { hot } = this;
    const admin = writer.as('admin');
    const draw = writer.random.fraction();
    if (draw < 0.3) return sell(writer);
    if (draw < 0.4) return changeClients(writer);
    if (draw < 0.45) return deleteDeal(admin, hot);
    if (draw < 0.5) return becomeDue(admin, hot, this.due);
    if (draw < 0.53) return race(admin, hot);
    if (draw < 0.54) return importRows(admin, hot, this.imports);
    return changeHotRows(admin, hot);
  }
}
