import { computeIterationNumber } from "../../plan/vu-numbers.ts";
import type { IterationRange, VuIteration } from "../../protocol/plan.ts";
import { createIterationLine } from "../iteration-line.ts";
import type { SchedulerContext, SchedulerEvents } from "./scheduler.ts";

/** A looping VU as its duty sees it. */
export interface Worker {
  /** In the scenario, from 1. */
  readonly index: number;
  /** `vu.id`. */
  readonly id: number;
  /** Iterations begun so far; also elsewhere, where a VU has so many to do. */
  readonly begun: number;
  /** Numbers of iterations that were, or may have been, taken elsewhere by a VU that loops without end. */
  readonly skipped: number;
}

/** `claim`: the VU is done. */
export const nothingLeft = -1;
/** `claim`: there is nothing to begin now, but there may be; the VU is to wait until it is woken. */
export const notYet = -2;

/** Which iterations a looping VU is to do. */
export interface Duty {
  /** The number of the iteration to begin now, `nothingLeft` or `notYet`. */
  claim(worker: Worker): number;
  /** Has this VU nothing to do, for ever? */
  isDone(worker: Worker): boolean;
  /** No VU will ever be given another iteration. */
  isExhausted(): boolean;
  /** More shared iterations; see Scheduler. */
  allot(ranges: readonly IterationRange[], last: boolean): void;
  /** This VU may begin iterations below `through`. */
  confirm(index: number, through: number): void;
  /** The VU is no longer this share's. */
  forget(index: number): void;
  /** At the end, and again for what is allotted later: how many planned iterations of these VUs nobody began. */
  retire(workers: Iterable<Worker>): number;
  /** A VU that has no more to do ends for good; where all have, the load is over. */
  readonly finite: boolean;
  /** What there is to do is the slave's, not the VUs' own. */
  readonly common: boolean;
}

const endless: Omit<Duty, "claim"> = {
  isDone: () => false,
  isExhausted: () => false,
  allot: () => undefined,
  confirm: () => undefined,
  forget: () => undefined,
  retire: () => 0,
  finite: false,
  common: false,
};

/** Iterations without end: constant, ramping and externally controlled VUs. */
export function createEndlessDuty({ plan }: Pick<SchedulerContext, "plan">): Duty {
  return { ...endless, claim: ({ id, begun, skipped }) => computeIterationNumber(plan, id, skipped + begun) };
}

/** So many iterations for each VU. */
export function createPerVuDuty({ plan }: Pick<SchedulerContext, "plan">, iterations: number): Duty {
  return {
    ...endless,
    claim: ({ id, begun }) => (begun < iterations ? computeIterationNumber(plan, id, begun) : nothingLeft),
    isDone: ({ begun }) => begun >= iterations,
    retire(workers) {
      let rest = 0;
      for (const { begun } of workers) rest += Math.max(0, iterations - begun);
      return rest;
    },
    finite: true,
  };
}

/** Iterations out of the slave's ranges, in order, for whichever VU comes first; the number is the global index. */
export function createSharedDuty({ claims, position, share, fed, events }: SchedulerContext): Duty {
  const line = createIterationLine();
  line.append(share.iterations);
  let last = !fed;
  let retired = false;
  const isExhausted = () => last && claims.readNext(position) >= line.end;
  return {
    ...endless,
    claim() {
      const at = claims.claim(position, line.end);
      if (at >= 0) return line.indexAt(at);
      if (last) return nothingLeft;
      events.onWant();
      return notYet;
    },
    isDone: isExhausted,
    isExhausted,
    allot(ranges, noMore) {
      line.append(ranges);
      last ||= noMore;
    },
    retire() {
      const first = !retired;
      retired = true;
      return claims.retire(position, first);
    },
    finite: true,
    common: true,
  };
}

interface Claim {
  /** Iterations below this number may begin. */
  confirmed: number;
  /** What was asked for, at least `confirmed`. */
  asked: number;
  /** Iterations begun in the second that began at `since`, and in the one before. */
  since: number;
  lately: number;
  before: number;
  /** Each wait doubles the block, each second halves it again. */
  factor: number;
}

const secondMs = 1000;

/**
 * So many iterations for each VU, each begun only once the owner knows that it may have been: a VU claims about as many
 * ahead as it begins in a second, twice as many each time it had to wait.
 */
export function createClaimingDuty(
  context: Pick<SchedulerContext, "clock" | "plan"> & { readonly events: Pick<SchedulerEvents, "onClaim"> },
  iterations: number,
): Duty {
  const { clock, events } = context;
  const inner = createPerVuDuty(context, iterations);
  const claims = new Map<number, Claim>();
  let asking: VuIteration[] = [];

  const ask = (index: number, claim: Claim, begun: number) => {
    const block = Math.max(1, claim.lately, claim.before) * claim.factor;
    if (claim.asked >= iterations || claim.asked - begun > block / 2) return;
    claim.asked = Math.min(iterations, Math.max(claim.asked, begun) + block);
    if (asking.length === 0) {
      clock.at(clock.now(), () => {
        const through = asking;
        asking = [];
        events.onClaim(through);
      });
    }
    asking.push([index, claim.asked]);
  };

  return {
    ...inner,
    claim(worker) {
      const { index, begun } = worker;
      if (begun >= iterations) return nothingLeft;
      let claim = claims.get(index);
      if (claim === undefined) {
        // The grant itself allows the first.
        claim = { confirmed: begun + 1, asked: begun + 1, since: clock.now(), lately: 0, before: 0, factor: 1 };
        claims.set(index, claim);
      }
      if (begun >= claim.confirmed) {
        if (claim.asked <= claim.confirmed) ask(index, claim, begun);
        else claim.factor = Math.min(claim.factor * 2, iterations);
        return notYet;
      }
      const now = clock.now();
      if (now - claim.since >= secondMs) {
        claim.before = now - claim.since >= 2 * secondMs ? 0 : claim.lately;
        claim.lately = 0;
        claim.since = now;
        claim.factor = Math.max(1, claim.factor / 2);
      }
      claim.lately++;
      ask(index, claim, begun + 1);
      return inner.claim(worker);
    },
    confirm(index, through) {
      const claim = claims.get(index);
      if (claim !== undefined) claim.confirmed = Math.max(claim.confirmed, through);
    },
    forget: (index) => {
      claims.delete(index);
    },
  };
}
