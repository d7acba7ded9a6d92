import type { SchedulerContext } from "./scheduler.ts";
import { computeIterationNumber } from "../../plan/vu-numbers.ts";

/** Which iterations a looping VU is to do. */
export interface Duty {
  /** The number of the iteration to begin now; -1: this VU is done. `begun`: how many it began before. */
  claim(vuId: number, begun: number): number;
  /** No VU will ever be given another iteration. */
  isExhausted(): boolean;
  /**
   * Once, at the end: how many planned iterations nobody began, where `vus` VUs of this thread were called and began
   * `begun` together.
   */
  retire(vus: number, begun: number): number;
  /** A VU that has no more to do ends for good; where all have, the load is over. */
  readonly finite: boolean;
}

/** Iterations without end: constant, ramping and externally controlled VUs. */
export function createEndlessDuty(context: SchedulerContext): Duty {
  const { plan } = context;
  return {
    claim: (vuId, begun) => computeIterationNumber(plan, vuId, begun),
    isExhausted: () => false,
    retire: () => 0,
    finite: false,
  };
}

/** So many iterations for each VU. */
export function createPerVuDuty(context: SchedulerContext, iterations: number): Duty {
  const { plan } = context;
  return {
    claim: (vuId, begun) => (begun < iterations ? computeIterationNumber(plan, vuId, begun) : -1),
    isExhausted: () => false,
    retire: (vus, begun) => vus * iterations - begun,
    finite: true,
  };
}

/** Iterations out of the share's ranges, in order, for whichever VU comes first; the number is the global index. */
export function createSharedDuty(context: SchedulerContext): Duty {
  const { claims, position, share } = context;
  const total = share.iterations.reduce((sum, [from, to]) => sum + to - from, 0);
  let exhausted = total === 0;
  return {
    claim() {
      let place = exhausted ? total : claims.claim(position);
      for (const [from, to] of share.iterations) {
        if (place < to - from) return from + place;
        place -= to - from;
      }
      exhausted = true;
      return -1;
    },
    isExhausted: () => exhausted,
    retire: () => claims.retire(position, total),
    finite: true,
  };
}
