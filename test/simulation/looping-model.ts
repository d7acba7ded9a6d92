import { endless, listIndices } from "../../src/plan/index-runs.ts";
import { createLoadProfile } from "../../src/plan/profiles/load-profile.ts";
import { countVus, findNextChange, scaleVuProfile } from "../../src/plan/profiles/vu-profile.ts";
import { createRuns, type ModelContext, type ScenarioModel } from "./scenario-model.ts";

/** A VU of the share; another life of it is another object. */
interface Life {
  readonly vu: number;
  readonly epoch: number;
  begun: boolean;
  /** In an iteration; looked at only where iterations wait for each other. */
  busy: boolean;
}

/** VUs that loop as the profile asks: endlessly, over ranges of shared iterations, or so many times each. */
export function createLoopingModel(context: ModelContext): ScenarioModel {
  const { load } = context.planned.scenario;
  const start = createLoadProfile(load);
  if (start.kind !== "vus") throw new TypeError("not a mode of looping VUs");
  let profile = start.vus;
  const endMs = profile.endMs ?? Number.POSITIVE_INFINITY;
  const own = load.mode === "per-vu-iterations" ? load.iterations : null;
  const shared = load.mode === "shared-iterations";
  const lives = new Map<number, Life>();
  /** Per-vu: the next iteration, below which one is confirmed, and what was asked for. */
  const next = new Map<number, number>();
  const confirmed = new Map<number, number>();
  const asked = new Map<number, number>();
  let ranges: [number, number][] = [];
  let last = false;
  let wanting = false;
  let begun = false;
  let over = false;
  const runs = createRuns(context);

  /** The iteration that a VU begins now: its name, null for one of many; false: none. */
  const claim = (vu: number): string | null | false => {
    if (own !== null) {
      const iteration = next.get(vu) ?? 0;
      if (iteration >= own) return false;
      if (iteration >= (confirmed.get(vu) ?? 0)) {
        if (iteration >= (asked.get(vu) ?? 0)) {
          asked.set(vu, Math.min(own, iteration + 1 + Math.floor(context.random() * 4)));
          context.claim([[vu, asked.get(vu) ?? 0]]);
        }
        return false;
      }
      next.set(vu, iteration + 1);
      return `${vu} ${iteration}`;
    }
    if (!shared) return null;
    const first = ranges[0];
    if (ranges.reduce((sum, [from, to]) => sum + to - from, 0) <= lives.size && !last && !wanting) {
      wanting = true;
      context.want();
    }
    if (first === undefined) return false;
    const index = first[0]++;
    if (first[0] >= first[1]) ranges.shift();
    return String(index);
  };
  const loop = (life: Life) => {
    const { vu, epoch } = life;
    if (lives.get(vu) !== life || over) return;
    const due = vu <= countVus(profile, Math.max(0, context.timeMs()));
    const free = context.meet === null || !life.busy;
    const iteration = due && free && !context.isHeld() && context.timeMs() >= 0 ? claim(vu) : false;
    if (iteration !== false) {
      if (!life.begun) {
        life.begun = true;
        context.beginVu(vu, epoch);
      }
      context.start(vu, epoch, iteration);
      life.busy = true;
      runs.begin(() => {
        life.busy = false;
      });
    }
    context.later(context.periodMs * (0.5 + context.random()), () => loop(life));
  };
  /** Where these VUs stand; who has given them up, or is over, begins no more with them. */
  const listStands = (vus: Iterable<number>) => [...vus].map((vu) => [vu, next.get(vu) ?? 0] as const);
  const watch = () => {
    if (over) return;
    if (!context.isHeld() && context.timeMs() >= endMs) model.endLoad(true);
    else context.later(50, watch);
  };
  const model: ScenarioModel = {
    begin() {
      begun = true;
      for (const life of lives.values()) context.later(context.random() * 20, () => loop(life));
      watch();
    },
    setShare(part, epoch) {
      const held = new Set(listIndices(part.vus, 0, endless));
      for (const vu of lives.keys()) if (!held.has(vu)) lives.delete(vu);
      const from = new Map(part.begun);
      if (epoch === 0) ranges = part.iterations.map(([low, high]) => [low, high]);
      for (const vu of held) {
        if (lives.has(vu)) continue;
        const life = { vu, epoch, begun: false, busy: false };
        lives.set(vu, life);
        next.set(vu, from.get(vu) ?? 0);
        confirmed.set(vu, (from.get(vu) ?? 0) + 1);
        asked.delete(vu);
        if (begun) loop(life);
      }
    },
    giveBack(vus) {
      const result = {
        unstarted: lives.size === 0 ? ranges : [],
        begun: own === null ? [] : listStands(vus),
      };
      context.halt(result.begun);
      if (lives.size === 0) {
        ranges = [];
        wanting = false;
      }
      return result;
    },
    allot(more, noMore) {
      for (const [low, high] of more) ranges.push([low, high]);
      last ||= noMore;
      wanting = false;
      if (over) ranges = [];
    },
    confirm(through) {
      for (const [vu, below] of through) {
        if (lives.has(vu)) confirmed.set(vu, Math.max(confirmed.get(vu) ?? 0, below));
      }
    },
    scale(atMs, target, overMs) {
      profile = scaleVuProfile(profile, atMs, target, overMs);
    },
    interrupt: runs.interrupt,
    endLoad() {
      if (over) return;
      over = true;
      ranges = [];
      if (own !== null) context.halt(listStands(lives.keys()));
    },
    get over() {
      return over;
    },
    get running() {
      const due = countVus(profile, Math.max(0, context.timeMs()));
      return over ? runs.size : Math.max(runs.size, [...lives.keys()].filter((vu) => vu <= due).length);
    },
    get ended() {
      return runs.size === 0 && (over || (begun && shared && last && ranges.length === 0));
    },
    get idle() {
      if (model.ended) return true;
      if (runs.size > 0 || !begun) return false;
      const now = Math.max(0, context.timeMs());
      const called = countVus(profile, now);
      if (findNextChange(profile, now) !== Number.POSITIVE_INFINITY) return false;
      return own !== null && [...lives.keys()].every((vu) => vu > called || (next.get(vu) ?? 0) >= own);
    },
  };
  return model;
}
