import { Injectable, Optional } from '@nestjs/common';
import { type HandlesJobs, JobHandler, JobRequests, type JobRequest } from '#platform/jobs';
import { Clock, instant, newId } from '#platform/kernel';
import { EVENT_REPLAYS, EventReplays, QueueMissingError, QueueReplay, type Replay } from '#platform/messaging';
import { Log } from '#platform/observability';
import type { Lease } from '#platform/persistence';

/** Duration of one run; the next run follows, so that a worker can stop and other jobs can run. */
const RUN_MS = 5_000;
/** Delay before the next run when the broker fails or another worker runs the replay. */
const RETRY_MS = 5_000;

interface ReplayPayload extends Record<string, string> {
  readonly replay_id: string;
}

/**
 * Publishes a recorded replay, a few seconds per run. The position is saved as the broker confirms, so the next run
 * resumes there after an interruption. An unavailable broker delays the replay.
 */
@Injectable()
@JobHandler({ queue: EVENT_REPLAYS, name: 'replay', transactional: false })
export class ReplayEventsJob implements HandlesJobs<ReplayPayload> {
  constructor(
    private readonly replays: EventReplays,
    private readonly jobs: JobRequests,
    private readonly clock: Clock,
    private readonly log: Log,
    @Optional() private readonly queues?: QueueReplay,
  ) {}

  async handle({ payload }: JobRequest<ReplayPayload>): Promise<void> {
    const id = payload.replay_id;
    // The worker with the lock may hang, or be killed before it enqueues the next run.
    const pauseMs = await this.replays.alone(id, (lease) => this.run(id, lease), RETRY_MS);
    if (pauseMs === undefined) return;
    const runAfter = instant(new Date(Date.parse(this.clock.now()) + pauseMs));
    await this.jobs.request({ queue: EVENT_REPLAYS, name: 'replay', key: newId(), payload, runAfter });
  }

  /** @returns milliseconds until the next run; undefined when the replay has ended. */
  private async run(id: string, lease: Lease): Promise<number | undefined> {
    const replay = await this.replays.begin(id);
    if (!replay) return undefined;
    if (!this.queues) return this.fail(id, lease, 'broker_not_configured');
    try {
      await this.send(replay, this.queues, lease);
    } catch (error) {
      if (error instanceof QueueMissingError) return this.fail(id, lease, 'queue_not_found');
      this.log.warn({ err: error, replay_id: id }, 'replay interrupted, going on from the last confirmed event');
      return RETRY_MS;
    }
    const { position, to_position: to } = await this.replays.get(id);
    if (BigInt(position) < BigInt(to)) return 0;
    await this.replays.finish(id, lease);
    return undefined;
  }

  private async send(replay: Replay, queues: QueueReplay, lease: Lease): Promise<void> {
    const { id, queue, types, position, to_position: to } = replay;
    const part = { queue, types, position: BigInt(position), to: BigInt(to) };
    const stop = AbortSignal.any([AbortSignal.timeout(RUN_MS), lease.lost]);
    await queues.run(part, stop, (progress) => this.replays.advance(id, progress, lease));
  }

  private async fail(id: string, lease: Lease, reason: string): Promise<undefined> {
    this.log.warn({ replay_id: id, reason }, 'replay given up');
    await this.replays.finish(id, lease, reason);
  }
}
