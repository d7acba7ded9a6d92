import type { Alarm } from "../../protocol/ports.ts";
import type { VirtualUser } from "../../protocol/step.ts";
import { type Duty, nothingLeft, notYet, type Worker } from "./duty.ts";
import { createRest } from "./rest.ts";
import type { SchedulerContext } from "./scheduler.ts";

/**
 * One VU index of the share.
 *
 * ```
 * away --call--> running --dismiss--> leaving --(iteration over, or the grace)--> away
 *                             <--call--
 * ```
 * A VU that was away comes back new: without cookies, connections and extracted values. So does one whose iteration was
 * cut because the lease ended; others stand still until it is renewed.
 */
export interface LoopingVu extends Worker {
  /** The profile asks for it. */
  readonly called: boolean;
  /** Has no more to do, whatever the profile asks. */
  readonly finished: boolean;
  /** It has finished because a feeder has no row for it. */
  readonly starved: boolean;
  call(): void;
  /** Its running iteration gets so long. */
  dismiss(graceMs: number): void;
  /** Dismisses it for good; resolves once it is away, or was kept after all. */
  giveUp(graceMs: number): Promise<void>;
  keep(): void;
  /** Cuts a running iteration, or vu_setup, short; it goes on when the gate is open. */
  suspend(): void;
  interrupt(): void;
  /** Ends whatever it waits for. */
  wake(): void;
  /** Ends a wait for the gate or for its duty, and looks again. */
  wakeWaiting(): void;
}

export interface LoopingVuOptions {
  readonly index: number;
  readonly id: number;
  /** See Worker: what it begins with. */
  readonly begun: number;
  readonly skipped: number;
  /** No iteration begins at or after this scenario time. */
  readonly endMs: number;
  /** Has the load ended? */
  isOver(): boolean;
  onStarted(): void;
  /** Its life has ended; `again`: another begins at once. */
  onSettled(again: boolean): void;
}

export function createLoopingVu(context: SchedulerContext, duty: Duty, options: LoopingVuOptions): LoopingVu {
  return new LoopingVuOf(context, duty, options);
}

/** A class, because there are thousands of them. */
class LoopingVuOf implements LoopingVu {
  readonly index: number;
  readonly id: number;
  begun: number;
  readonly skipped: number;
  called = false;
  finished = false;
  starved = false;
  private running = false;
  /** In an iteration or vu_setup. */
  private busy = false;
  private waiting = false;
  /** Of the iteration; a field, because a number that is kept across an await is a new object in an old one each time. */
  private startedAt = 0;
  /** null: there is no running life, or it was interrupted. */
  private controller: AbortController | null = null;
  private leaving: Alarm | null = null;
  private whenAway: (() => void) | null = null;
  private readonly context: SchedulerContext;
  private readonly duty: Duty;
  private readonly options: LoopingVuOptions;
  private readonly rest;

  constructor(context: SchedulerContext, duty: Duty, options: LoopingVuOptions) {
    this.context = context;
    this.duty = duty;
    this.options = options;
    this.index = options.index;
    this.id = options.id;
    this.begun = options.begun;
    this.skipped = options.skipped;
    this.rest = createRest(context.clock, context.time);
  }

  call(): void {
    this.called = true;
    this.leaving?.cancel();
    this.leaving = null;
    if (!this.finished && this.duty.isDone(this)) this.finished = !this.running;
    if (!this.running && !this.finished) this.start();
  }

  dismiss(graceMs: number): void {
    this.called = false;
    if (!this.running) return;
    this.rest.wake();
    const { clock } = this.context;
    this.leaving?.cancel();
    this.leaving = clock.at(clock.now() + graceMs, () => this.interrupt());
  }

  giveUp(graceMs: number): Promise<void> {
    this.dismiss(graceMs);
    if (!this.running) return Promise.resolve();
    return new Promise((resolve) => {
      const earlier = this.whenAway;
      this.whenAway = () => {
        earlier?.();
        resolve();
      };
    });
  }

  keep(): void {
    this.tellAway();
  }

  suspend(): void {
    if (this.busy) this.interrupt();
  }

  interrupt(): void {
    const { controller } = this;
    this.controller = null;
    controller?.abort();
  }

  wake(): void {
    this.rest.wake();
  }

  wakeWaiting(): void {
    if (this.waiting) this.rest.wake();
  }

  private start(): void {
    this.running = true;
    this.options.onStarted();
    this.live()
      .catch((error: unknown) => {
        this.finished = true;
        this.context.events.onFault(error);
      })
      .then(() => this.settle())
      .catch((error: unknown) => this.context.events.onFault(error));
  }

  private settle(): void {
    this.running = false;
    this.leaving?.cancel();
    this.leaving = null;
    const again = this.called && !this.finished && !this.options.isOver();
    this.options.onSettled(again);
    if (again) this.start();
    this.tellAway();
  }

  private tellAway(): void {
    const tell = this.whenAway;
    this.whenAway = null;
    tell?.();
  }

  private async live(): Promise<void> {
    const { clock, turn, gate, scenario, planned } = this.context;
    const { vuSetup, vuTeardown } = planned.scenario;
    while (turn.isOver(clock.now())) await turn.next();
    while (this.called && !this.options.isOver() && !gate.isOpen(clock.now())) await this.waitForWake();
    if (this.options.isOver() || !this.called) return;
    const controller = new AbortController();
    const { signal } = controller;
    const vu = scenario.createVu(this.id, signal);
    this.controller = controller;
    try {
      if (scenario.supplyVu?.(vu) === "never") this.starve();
      else if (vuSetup.length > 0 && !(await this.prepare(vu)))
        this.finished = !signal.aborted && gate.isOpen(clock.now());
      else await this.loop(vu);
      if (vuTeardown.length > 0 && !signal.aborted) await scenario.vuTeardown(vu);
    } finally {
      this.controller = null;
      scenario.closeVu(vu);
    }
  }

  private starve(): void {
    this.finished = true;
    this.starved = true;
  }

  private async prepare(vu: VirtualUser): Promise<boolean> {
    this.busy = true;
    try {
      return await this.context.scenario.vuSetup(vu);
    } finally {
      this.busy = false;
    }
  }

  private async loop(vu: VirtualUser): Promise<void> {
    const { clock, time, turn, gate, scenario, meter, events, planned } = this.context;
    const { drawThinkTime, supply } = scenario;
    const { pacingMs } = planned.scenario;
    const { endMs } = this.options;
    let now = clock.now();
    /** Claimed, and waiting for its row. */
    let claimed = nothingLeft;
    while (this.called && !this.options.isOver() && this.controller !== null) {
      if (turn.isOver(now)) {
        await turn.next();
        now = clock.now();
        continue;
      }
      if (time.isFrozen(now)) {
        await this.rest.waitForThaw(now);
        now = clock.now();
        continue;
      }
      if (time.read(now) >= endMs) {
        events.onLoadOver();
        break;
      }
      if (!gate.isOpen(now)) {
        await this.waitForWake();
        now = clock.now();
        continue;
      }
      const iteration = claimed >= 0 ? claimed : this.duty.claim(this);
      if (iteration < 0) {
        if (iteration === notYet) {
          await this.waitForWake();
          now = clock.now();
          continue;
        }
        this.finished = true;
        return;
      }
      vu.iteration = iteration;
      if (supply !== null) {
        claimed = iteration;
        const state = supply(vu);
        if (state === "never") {
          this.starve();
          break;
        }
        if (state === "later") {
          await this.waitForWake();
          now = clock.now();
          continue;
        }
        claimed = nothingLeft;
      }
      this.startedAt = now;
      vu.vuIteration = this.begun++;
      this.busy = true;
      const outcome = await scenario.iteration(vu);
      this.busy = false;
      now = clock.now();
      meter.recordEnd(outcome, this.startedAt, now, vu.thoughtMs);
      if (drawThinkTime !== null || pacingMs > 0) {
        const thinkTime = drawThinkTime === null ? 0 : drawThinkTime(vu);
        if (this.called && !this.options.isOver()) {
          await this.rest.waitFor(now + thinkTime, time.read(this.startedAt) + pacingMs);
        }
        now = clock.now();
      }
    }
    // Of the VU's own the rest is counted at the end.
    if (claimed >= 0 && this.duty.common) meter.recordDropped(1);
  }

  private async waitForWake(): Promise<void> {
    this.waiting = true;
    await this.rest.waitForWake();
    this.waiting = false;
  }
}
