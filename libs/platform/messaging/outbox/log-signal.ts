import { EventEmitter } from 'node:events';
import { Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { Log } from '#platform/observability';
import { Database, statement } from '#platform/persistence';
import type pg from 'pg';
import { LogReader } from './log-reader.js';

const APPENDED = 'crm_log_appended';
const POSITIONED = 'crm_log_positioned';
const RETRY_PARKED = 'crm_retry_parked';
/** Commits asynchronously: a crash of PostgreSQL can lose only a wake-up. */
const WAKE_SEQUENCER = statement(`SELECT set_config('synchronous_commit', 'off', true), pg_notify('${APPENDED}', '')`);
const RECONNECT_MS = 1_000;

/**
 * Wakes the readers of the log in every process. It only makes them fast: each of them also polls, so a lost
 * wake-up costs delay, never an event.
 *
 * The notification is not sent from the writing transaction, since NOTIFY makes commits queue for one lock: it
 * follows the commit, and any number of commits meanwhile share one.
 */
@Injectable()
export class LogSignal implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly emitter = new EventEmitter().setMaxListeners(0);
  private client: pg.Client | undefined;
  private tailReader: LogReader | undefined;
  private reconnect: NodeJS.Timeout | undefined;
  private stopped = false;
  /**
   * Backend pid of the local sequencer; its notifications are ignored because {@link positioned} has woken the
   * readers.
   */
  private ownSequencer: number | undefined;
  private sending = false;
  private again = false;

  constructor(
    private readonly database: Database,
    private readonly log: Log,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.listen();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.reconnect);
    await this.client?.end().catch(() => undefined);
  }

  /** Reads the end of the log on the connection of the notifications; undefined while there is none. */
  get reader(): LogReader | undefined {
    return this.tailReader;
  }

  /** Replaces the connection of {@link reader} after a read over it failed: it may be frozen. */
  readFailed(reader: LogReader): void {
    if (this.tailReader === reader) this.lost();
  }

  /** Notifies that events were committed; call it after the commit. */
  appended(): void {
    if (this.sending) {
      this.again = true;
      return;
    }
    this.sending = true;
    // Detached from the request's transaction and timing, on a connection that no request uses: a failure costs the readers
    // one polling interval.
    const { client } = this;
    const sent = client?.query(WAKE_SEQUENCER) ?? this.database.query(WAKE_SEQUENCER);
    void sent
      .catch(() => client && this.replaceConnection(client))
      .finally(() => {
        this.sending = false;
        if (!this.again || this.stopped) return;
        this.again = false;
        this.appended();
      });
  }

  /**
   * Wakes the readers of this process; call it when the sequencer's transaction has committed.
   * @param pid of the backend that ran it: its notification need not wake them again.
   */
  positioned(pid: number): void {
    this.ownSequencer = pid;
    this.emitter.emit(POSITIONED);
  }

  /** Statement to run in the sequencer's transaction: readers wake when the positions are committed. */
  static readonly positionedSql = `pg_notify('${POSITIONED}', '')`;

  /** Statement that makes the publisher send parked events again. */
  static readonly retryParked = statement(`SELECT pg_notify('${RETRY_PARKED}', '')`);

  onAppended(listener: () => void): () => void {
    return this.on(APPENDED, listener);
  }

  onPositioned(listener: () => void): () => void {
    return this.on(POSITIONED, listener);
  }

  onRetryParked(listener: () => void): () => void {
    return this.on(RETRY_PARKED, listener);
  }

  private on(channel: string, listener: () => void): () => void {
    this.emitter.on(channel, listener);
    void this.client?.query(`LISTEN ${channel}`).catch(() => this.lost());
    return () => this.emitter.off(channel, listener);
  }

  private async listen(): Promise<void> {
    try {
      const client = await this.database.connect('crm-log-signal');
      if (this.stopped) return void (await client.end());
      this.client = client;
      client.on('notification', ({ channel, processId }) => {
        if (channel !== POSITIONED || processId !== this.ownSequencer) this.emitter.emit(channel);
      });
      client.on('error', () => this.lost());
      client.on('end', () => this.lost());
      // Listens only to the channels of this process's listeners: every commit and every sequencing notifies one.
      const channels = this.emitter.eventNames().map(String);
      await client.query(channels.map((channel) => `LISTEN ${channel}`).join(';'));
      const reader = await LogReader.forConnection(client);
      if (this.client !== client) return;
      this.tailReader = reader;
      // Notifications may have been lost while there was no connection.
      for (const channel of channels) this.emitter.emit(channel);
    } catch (error) {
      this.log.warn({ err: error }, 'cannot listen for log notifications, polling meanwhile');
      this.lost();
    }
  }

  private replaceConnection(failed: pg.Client): void {
    if (this.client === failed) this.lost();
  }

  private lost(): void {
    if (this.stopped || this.reconnect) return;
    this.client?.removeAllListeners();
    this.client?.on('error', () => undefined);
    void this.client?.end().catch(() => undefined);
    this.client = undefined;
    this.tailReader = undefined;
    this.ownSequencer = undefined;
    this.reconnect = setTimeout(() => {
      this.reconnect = undefined;
      void this.listen();
    }, RECONNECT_MS);
  }
}
