import { countIndices, listIndices } from "../../plan/index-runs.ts";
import {
  countVus,
  findLargestCount,
  findNextChange,
  scaleVuProfile,
  type VuProfile,
} from "../../plan/profiles/vu-profile.ts";
import { computeVuId } from "../../plan/vu-numbers.ts";
import type { IndexRun, VuIteration } from "../../protocol/plan.ts";
import type { Alarm } from "../../protocol/ports.ts";
import type { Duty } from "./duty.ts";
import { createLoopingVu, type LoopingVu } from "./looping-vu.ts";
import type { Scheduler, SchedulerContext } from "./scheduler.ts";

/** Looping VUs: index i of the share runs iff i is at most the profile's count, and does what its duty says. */
export function createVuCrew(context: SchedulerContext, start: VuProfile, duty: Duty, leaveGraceMs: number): Scheduler {
  const { plan, planned, position, share, time, meter, events } = context;
  const { gracefulStopMs } = planned.scenario;
  let profile = start;
  let runs: readonly IndexRun[] = share.vus;
  /** The places of the share's indices up to `known`, in their order; the first `called` are called. */
  let known = 0;
  let places: LoopingVu[] = [];
  /** Given up and not yet ended. */
  const leaving = new Set<LoopingVu>();
  /** With iterations of their own they begin no more here, and nobody has been told of it. */
  let halted: VuIteration[] = [];
  const begunElsewhere = new Map(share.begun);
  let called = 0;
  let running = 0;
  let mostRunning = 0;
  let begun = false;
  let over = false;
  let ended = false;
  let idle = false;
  let change: Alarm | null = null;

  const makePlace = (index: number): LoopingVu => {
    for (const place of leaving) if (place.index === index) return takeUp(place);
    const elsewhere = begunElsewhere.get(index) ?? 0;
    return createLoopingVu(context, duty, {
      index,
      id: computeVuId(plan, position, index),
      begun: duty.finite ? elsewhere : 0,
      skipped: duty.finite ? 0 : elsewhere,
      endMs: profile.endMs ?? Number.POSITIVE_INFINITY,
      isOver: () => over,
      onStarted() {
        setIdle(false);
        running++;
        mostRunning = Math.max(mostRunning, running);
      },
      onSettled(again) {
        running--;
        if (!again) checkFinished();
      },
    });
  };

  /** A VU that was given up and is held again goes on as if it had never been. */
  const takeUp = (place: LoopingVu): LoopingVu => {
    leaving.delete(place);
    place.keep();
    return place;
  };

  /**
   * Places for all of the share's indices up to `last`; those that are there stay, whatever they do. Gives those that are
   * the share's no more.
   */
  const arrange = (last: number): readonly LoopingVu[] => {
    const there = new Map(places.map((place) => [place.index, place]));
    known = last;
    places = listIndices(runs, 0, known).map((index) => {
      const place = there.get(index) ?? makePlace(index);
      there.delete(index);
      return place;
    });
    return [...there.values()];
  };

  const applyProfile = () => {
    if (over || !begun) return;
    const now = time.now();
    const target = countIndices(runs, countVus(profile, now));
    for (; called < target; called++) places[called]?.call();
    while (called > target) places[--called]?.dismiss(leaveGraceMs);
    change?.cancel();
    const next = findNextChange(profile, now);
    change = next === Number.POSITIVE_INFINITY ? null : time.at(next, applyProfile);
    checkFinished();
  };

  /** After the share has changed: who is called stands at the places themselves. */
  const recount = () => {
    const target = over || !begun ? 0 : countIndices(runs, countVus(profile, time.now()));
    places.forEach((place, at) => {
      if (at >= target && place.called && !over) place.dismiss(leaveGraceMs);
      else if (at < target && !place.called) place.call();
    });
    called = target;
    applyProfile();
  };

  /** Resolves once these are away, with where they would go on; not with those that were taken up again. */
  const letGo = async (given: readonly LoopingVu[]): Promise<VuIteration[]> => {
    for (const place of given) leaving.add(place);
    await Promise.all(given.map((place) => place.giveUp(gracefulStopMs)));
    const gone = given.filter((place) => leaving.delete(place));
    halt(gone);
    return gone.map((place): VuIteration => {
      duty.forget(place.index);
      begunElsewhere.delete(place.index);
      return [place.index, place.begun];
    });
  };

  /** The owner counts what VUs with iterations of their own did not begin: it has to know how far each has come. */
  const halt = (gone: Iterable<LoopingVu>) => {
    if (!context.fed || !duty.finite || duty.common) return;
    for (const place of gone) halted.push([place.index, place.begun]);
  };

  /**
   * What planned iterations nobody began are dropped. A share that is fed leaves it to its owner, who sees what no source
   * has told of: others may do it yet.
   */
  const dropRest = () => {
    const rest = duty.retire(places.filter((place) => place.called));
    if (!context.fed) meter.recordDropped(rest);
  };

  /**
   * Finite loads are over when nobody is left with something to do. Where VUs may be granted to a thread that has nothing
   * to do, it is idle, and its owner ends the load when all are.
   */
  const checkFinished = () => {
    if (ended || running > 0) return;
    if (over) {
      ended = true;
      dropRest();
      halt([...places, ...leaving]);
      events.onEnded();
      return;
    }
    if (!begun) return;
    if (change === null && isStarved()) {
      events.onLoadOver();
      return;
    }
    if (!duty.finite) return;
    const finished = change === null && places.every((place) => place.finished || !place.called);
    if (duty.isExhausted() || (finished && !context.fed)) events.onLoadOver();
    else if (!duty.common) setIdle(finished);
  };

  /** Everybody who is called has found no row, and there will be none. */
  const isStarved = () => {
    let anybody = false;
    for (const place of places) {
      if (!place.called) continue;
      if (!place.starved) return false;
      anybody = true;
    }
    return anybody;
  };

  const setIdle = (now: boolean) => {
    if (!context.fed || idle === now) return;
    idle = now;
    events.onIdle(idle);
  };

  const wakeWaiting = () => {
    for (const place of places) place.wakeWaiting();
  };

  return {
    allocate() {
      arrange(findLargestCount(profile));
    },
    begin() {
      begun = true;
      applyProfile();
    },
    scale(timeMs, target, overMs) {
      profile = scaleVuProfile(profile, timeMs, target, overMs);
      if (target > known) arrange(target);
      applyProfile();
    },
    release(kept) {
      runs = kept.vus;
      const given = arrange(known);
      recount();
      return letGo(given);
    },
    grant(whole) {
      runs = whole.vus;
      for (const [index, next] of whole.begun ?? []) begunElsewhere.set(index, next);
      const given = arrange(known);
      recount();
      letGo(given).catch(events.onFault);
    },
    allot(ranges, last) {
      duty.allot(ranges, last);
      if (ended) dropRest();
      wakeWaiting();
      checkFinished();
    },
    confirm(through) {
      const waiting = new Map(through);
      for (const [index, below] of waiting) duty.confirm(index, below);
      for (const place of places) if (waiting.has(place.index)) place.wakeWaiting();
    },
    lookAgain() {
      wakeWaiting();
      checkFinished();
    },
    suspend() {
      for (const place of [...places, ...leaving]) place.suspend();
    },
    goOn() {
      wakeWaiting();
      checkFinished();
    },
    endLoad() {
      over = true;
      change?.cancel();
      change = null;
      for (const place of [...places, ...leaving]) place.wake();
      checkFinished();
    },
    interrupt() {
      for (const place of [...places, ...leaving]) place.interrupt();
    },
    countActive: () => running,
    takeMostActive() {
      const most = mostRunning;
      mostRunning = running;
      return most;
    },
    countAllocated: () => running,
    takeHalted() {
      const taken = halted;
      halted = [];
      return taken;
    },
    countPlanned: (timeMs) => (over || timeMs < 0 ? 0 : countIndices(runs, countVus(profile, timeMs))),
  };
}
