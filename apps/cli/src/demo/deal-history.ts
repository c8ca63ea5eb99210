import { AssignDealCommand, ChangeDealStageCommand, OpenDealCommand, ReviseDealCommand } from '#crm/deals';
import { WriteNoteCommand } from '#crm/journals';
import { addDays, type CalendarDate, type Caller } from '#platform/kernel';
import { type Act, callerOf, EXECUTORS } from './act.js';
import type { DemoDeal, Stage } from './deals.js';
import type { Dice } from './content/dice.js';
import { LOST_REASONS, NOTES } from './content/remarks.js';
import { type DemoUser, demoUser } from './content/users.js';
import type { WorkingTime } from './content/working-time.js';

/** A step before its time is known. */
interface Step extends Omit<Act, 'at'> {
  /** The resulting stage, if it changes. */
  readonly stage?: Stage;
}

/** A range of workdays ago, the earlier first. */
export interface Span {
  readonly from: number;
  readonly until: number;
}

const LEAD = callerOf(demoUser('lead'));

/** History of one deal, from its opening to its current stage. */
export class DealHistory {
  /** The executor, assigned before the first move. */
  readonly executor: DemoUser | null;
  /** Oldest first. */
  readonly acts: readonly Act[];
  /** From its first move to its closing or the present; null for a deal without a move. */
  readonly atWork: Span | null;
  /** False: the lead assigns the executor later. */
  private readonly opensWithExecutor: boolean;
  private readonly nextReviewAt: CalendarDate;
  /** The review date that the deal was opened with. */
  private readonly firstReviewAt: CalendarDate;

  constructor(
    readonly deal: DemoDeal,
    time: WorkingTime,
    private readonly dice: Dice,
  ) {
    this.executor = deal.seller && dice.chance(0.75) ? dice.pick(EXECUTORS) : null;
    this.opensWithExecutor = dice.chance(0.35);
    const openedOn = time.day(deal.age);
    const review = addDays(time.today, this.drawReviewIn());
    this.nextReviewAt = review > openedOn ? review : openedOn;
    this.firstReviewAt = dice.chance(0.45) ? addDays(openedOn, dice.whole(3, 14)) : this.nextReviewAt;
    const steps = this.steps();
    const ages = this.drawAges(steps.length);
    this.acts = steps.map((step, index) => ({ ...step, at: time.ago(ages[index]!) }));
    this.atWork = this.spanOf(
      steps.map(({ stage }) => stage),
      ages,
    );
  }

  /** The deal's seller, or the lead where it has none. */
  get salesperson(): Caller {
    return this.deal.seller ? callerOf(this.deal.seller) : LEAD;
  }

  /** The user who works on it. */
  get handler(): Caller {
    return this.executor ? callerOf(this.executor) : this.salesperson;
  }

  private steps(): Step[] {
    const { stage } = this.deal.profile;
    const moves = this.wayTo(stage).flatMap((next) => [this.moveTo(next), ...this.note(next)]);
    return [this.open(), ...this.assign(), ...this.note('qualification'), ...moves, ...this.review()];
  }

  private spanOf(stages: readonly (Stage | undefined)[], ages: readonly number[]): Span | null {
    const first = stages.findIndex((stage) => stage !== undefined);
    if (first === -1) return null;
    const close = this.deal.profile.isClosed ? stages.indexOf(this.deal.profile.stage) : -1;
    return close === first ? null : { from: ages[first]!, until: close === -1 ? 0 : ages[close]! };
  }

  private open(): Step {
    const { deal } = this;
    const { client, title, description } = deal;
    const executorId = this.opensWithExecutor ? this.executor?.id : null;
    const nextReviewAt = this.firstReviewAt;
    return {
      command: () =>
        new OpenDealCommand(client.seller ? callerOf(client.seller) : LEAD, {
          clientId: client.id!,
          title,
          description,
          nextReviewAt,
          executorId,
        }),
      done: ({ id }) => (deal.id = id),
    };
  }

  /** Assigns an executor, another seller, or both; done by the lead. */
  private assign(): Step[] {
    const { client, seller } = this.deal;
    const assignment = {
      ...(seller !== client.seller && { ownerId: seller?.id }),
      ...(this.executor && !this.opensWithExecutor && { executorId: this.executor.id }),
    };
    if (Object.keys(assignment).length === 0) return [];
    return [{ command: () => new AssignDealCommand(LEAD, this.deal.id!, assignment) }];
  }

  private wayTo(stage: Stage): Stage[] {
    if (stage === 'qualification') return [];
    if (stage === 'negotiation') return ['negotiation'];
    const there: Stage[] = this.dice.chance(0.12)
      ? ['negotiation', 'proposal', 'negotiation', 'proposal']
      : ['negotiation', 'proposal'];
    if (stage === 'proposal') return there;
    return stage === 'closedLost' ? [...there.slice(0, this.dice.whole(0, 2)), stage] : [...there, stage];
  }

  private moveTo(stage: Stage): Step {
    const reason = stage === 'closedLost' ? this.dice.pick(LOST_REASONS[this.deal.client.market]) : null;
    const caller = stage === 'proposal' && this.dice.chance(0.6) ? this.handler : this.salesperson;
    return { stage, command: () => new ChangeDealStageCommand(caller, this.deal.id!, stage, reason) };
  }

  private note(stage: Stage): Step[] {
    if (!this.dice.chance(0.55)) return [];
    const body = this.dice.pick(NOTES[this.deal.client.market][stage]);
    const author = this.dice.chance(0.05) ? LEAD : this.dice.chance(0.35) ? this.handler : this.salesperson;
    return [{ command: () => new WriteNoteCommand(author, this.deal.id!, body) }];
  }

  private review(): Step[] {
    const { nextReviewAt } = this;
    if (nextReviewAt === this.firstReviewAt) return [];
    return [{ command: () => new ReviseDealCommand(this.salesperson, this.deal.id!, { revision: { nextReviewAt } }) }];
  }

  /** Days from today; negative when it is overdue. */
  private drawReviewIn(): number {
    if (this.deal.profile.isClosed) return this.dice.whole(1, 90);
    if (this.dice.chance(0.22)) return -this.dice.whole(1, 20);
    return Math.floor(this.dice.fraction() ** 1.5 * 91);
  }

  /** Workdays ago of each step: the first at the opening, the last where the quiet time began. */
  private drawAges(count: number): number[] {
    const { age, profile } = this.deal;
    const last = age * this.dice.between(...profile.rest);
    const between = Array.from({ length: Math.max(count - 2, 0) }, () => this.dice.between(last, age));
    return [age, ...between.sort((a, b) => b - a), last].slice(0, count);
  }
}
