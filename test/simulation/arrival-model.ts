import { endless, listIndices } from "../../src/plan/index-runs.ts";
import { createLoadProfile } from "../../src/plan/profiles/load-profile.ts";
import { computeArrivalTime, countArrivals, scaleRateProfile } from "../../src/plan/profiles/rate-profile.ts";
import type { ArrivalPattern } from "../../src/protocol/plan.ts";
import { createRuns, type ModelContext, type ScenarioModel } from "./scenario-model.ts";

/** How often a slave looks for events that are due, ms. */
const stepMs = 25;

/** Events of the share's windows start on the VUs it holds, or are dropped. */
export function createArrivalModel(context: ModelContext): ScenarioModel {
  const profile = createLoadProfile(context.planned.scenario.load);
  if (profile.kind !== "arrivals") throw new TypeError("not an arrival mode");
  let { rate } = profile;
  let windows: readonly ArrivalPattern[] = [];
  let vus: number[] = [];
  let epoch = 0;
  let next = 0;
  /** No event of its own below this one is still to come. */
  let done = 0;
  let begun = false;
  let over = false;
  const runs = createRuns(context);
  const busy = new Set<number>();

  const isOurs = (k: number) =>
    windows.some(
      ({ from, to, period, offsets }) => from <= k && (to === null || k < to) && offsets.includes(k % period),
    );
  const serve = (k: number) => {
    const vu = vus.find((each) => !busy.has(each));
    if (vu === undefined) {
      context.count("dropped_iterations", 1);
      return;
    }
    busy.add(vu);
    context.start(vu, epochs.get(vu) ?? epoch, `event ${k}`);
    runs.begin(() => busy.delete(vu));
  };
  const epochs = new Map<number, number>();
  const step = () => {
    if (over) return;
    if (!context.isHeld()) {
      const now = context.timeMs();
      while (computeArrivalTime(rate, next) <= now) {
        if (isOurs(next)) {
          serve(next);
          done = next + 1;
        }
        next++;
      }
      if (now >= rate.endMs) {
        model.endLoad(true);
        return;
      }
    }
    context.later(stepMs * (0.5 + context.random()), step);
  };
  const model: ScenarioModel = {
    begin() {
      begun = true;
      step();
    },
    setShare(part, of) {
      // Windows that come anew may hold events that are past already.
      const from = part.arrivals.find(
        (window) => !windows.some((known) => known.from === window.from) && window.from < next,
      );
      const grown = part.arrivals.find(({ from: first, to }) => {
        const known = windows.find((each) => each.from === first);
        return known?.to !== undefined && known.to !== null && (to === null || to > known.to) && known.to < next;
      });
      if (begun && from !== undefined) next = Math.min(next, Math.max(done, from.from));
      if (begun && grown !== undefined) {
        const known = windows.find((each) => each.from === grown.from);
        next = Math.min(next, Math.max(done, known?.to ?? next));
      }
      windows = part.arrivals;
      const held = listIndices(part.vus, 0, endless);
      for (const vu of held) if (!epochs.has(vu)) epochs.set(vu, of);
      for (const vu of epochs.keys()) if (!held.includes(vu)) epochs.delete(vu);
      vus = held;
      epoch = of;
    },
    giveBack: () => ({ unstarted: [], begun: [] }),
    allot: () => undefined,
    confirm: () => undefined,
    scale(atMs, target, overMs) {
      rate = scaleRateProfile(rate, atMs, target, overMs);
    },
    interrupt() {
      runs.interrupt();
      busy.clear();
    },
    endLoad(full) {
      if (over) return;
      over = true;
      if (!full) return;
      const total = countArrivals(rate);
      for (; next < total; next++) if (isOurs(next)) context.count("dropped_iterations", 1);
    },
    get over() {
      return over;
    },
    get running() {
      return runs.size;
    },
    get ended() {
      return over && runs.size === 0;
    },
    get idle() {
      return model.ended;
    },
  };
  return model;
}
