import { countIndices, listIndices } from "../../plan/index-runs.ts";
import {
  countVus,
  findLargestCount,
  findNextChange,
  scaleVuProfile,
  type VuProfile,
} from "../../plan/profiles/vu-profile.ts";
import { computeVuId } from "../../plan/vu-numbers.ts";
import type { Alarm } from "../../protocol/ports.ts";
import type { VirtualUser } from "../../protocol/step.ts";
import type { Duty } from "./duty.ts";
import type { Scheduler, SchedulerContext } from "./scheduler.ts";
import { createRest, type Rest } from "./rest.ts";

/**
 * One VU index of the share.
 *
 * ```
 * away --call--> running --dismiss--> leaving --(iteration over, or graceMs)--> away
 *                             <--call--
 * ```
 * A VU that was away comes back new: without cookies, connections and extracted values.
 */
interface Place {
  readonly id: number;
  readonly rest: Rest;
  /** The profile asks for it. */
  called: boolean;
  running: boolean;
  /** Has no more to do, whatever the profile asks. */
  finished: boolean;
  /** Iterations begun in all its lives. */
  begun: number;
  /** null: there is no running life, or it was interrupted. */
  controller: AbortController | null;
  leaving: Alarm | null;
}

/** Looping VUs: index i runs iff i is at most the profile's count, and does what its duty says. */
export function createVuCrew(context: SchedulerContext, start: VuProfile, duty: Duty, leaveGraceMs: number): Scheduler {
  const { plan, planned, position, share, scenario, clock, time, turn, meter, events } = context;
  const { vuSetup, vuTeardown, pacingMs } = planned.scenario;
  let profile = start;
  let known = 0;
  const indices: number[] = [];
  const places: Place[] = [];
  let called = 0;
  let running = 0;
  let mostRunning = 0;
  let over = false;
  let ended = false;
  let change: Alarm | null = null;

  const learnIndices = (last: number) => {
    if (last <= known) return;
    for (const index of listIndices(share.vus, known, last)) indices.push(index);
    known = last;
  };

  const applyProfile = () => {
    if (over) return;
    const now = time.now();
    const target = countIndices(share.vus, countVus(profile, now));
    for (; called < target; called++) callPlace(called);
    while (called > target) dismissPlace(places[--called]);
    change?.cancel();
    const next = findNextChange(profile, now);
    change = next === Number.POSITIVE_INFINITY ? null : time.at(next, applyProfile);
    checkFinished();
  };

  const callPlace = (at: number) => {
    places[at] ??= {
      id: computeVuId(plan, position, indices[at] ?? 0),
      rest: createRest(clock, time),
      called: false,
      running: false,
      finished: false,
      begun: 0,
      controller: null,
      leaving: null,
    };
    const place = places[at];
    place.called = true;
    place.leaving?.cancel();
    place.leaving = null;
    if (!place.running && !place.finished) startPlace(place);
  };

  const dismissPlace = (place: Place | undefined) => {
    if (place === undefined) return;
    place.called = false;
    if (!place.running) return;
    place.rest.wake();
    place.leaving = clock.at(clock.now() + leaveGraceMs, () => interruptPlace(place));
  };

  const interruptPlace = (place: Place) => {
    const { controller } = place;
    place.controller = null;
    controller?.abort();
  };

  const startPlace = (place: Place) => {
    place.running = true;
    running++;
    mostRunning = Math.max(mostRunning, running);
    live(place)
      .catch((error: unknown) => {
        place.finished = true;
        events.onFault(error);
      })
      .then(() => settlePlace(place), events.onFault);
  };

  const settlePlace = (place: Place) => {
    place.running = false;
    running--;
    place.leaving?.cancel();
    place.leaving = null;
    if (place.called && !place.finished && !over) startPlace(place);
    else checkFinished();
  };

  const live = async (place: Place) => {
    while (turn.isOver(clock.now())) await turn.next();
    if (over) return;
    const controller = new AbortController();
    const { signal } = controller;
    const vu = scenario.createVu(place.id, signal);
    place.controller = controller;
    try {
      if (vuSetup.length > 0 && !(await scenario.vuSetup(vu))) place.finished = !signal.aborted;
      else await loop(place, vu);
      if (vuTeardown.length > 0 && !signal.aborted) await scenario.vuTeardown(vu);
    } finally {
      place.controller = null;
      scenario.closeVu(vu);
    }
  };

  const loop = async (place: Place, vu: VirtualUser) => {
    const { drawThinkTime } = scenario;
    const end = profile.endMs ?? Number.POSITIVE_INFINITY;
    let now = clock.now();
    while (place.called && !over && place.controller !== null) {
      if (turn.isOver(now)) {
        await turn.next();
        now = clock.now();
        continue;
      }
      if (time.isFrozen(now)) {
        await place.rest.waitForThaw(now);
        now = clock.now();
        continue;
      }
      if (time.read(now) >= end) {
        events.onLoadOver();
        return;
      }
      const iteration = duty.claim(place.id, place.begun);
      if (iteration < 0) {
        place.finished = true;
        return;
      }
      const startedAt = now;
      vu.vuIteration = place.begun++;
      vu.iteration = iteration;
      const outcome = await scenario.iteration(vu);
      now = clock.now();
      meter.recordEnd(outcome, startedAt, now);
      if (drawThinkTime !== null || pacingMs > 0) {
        const thinkTime = drawThinkTime === null ? 0 : drawThinkTime(vu);
        if (place.called && !over) await place.rest.waitFor(now + thinkTime, time.read(startedAt) + pacingMs);
        now = clock.now();
      }
    }
  };

  /** Finite loads are over when nobody is left with something to do. */
  const checkFinished = () => {
    if (ended || running > 0) return;
    if (over) {
      ended = true;
      const rest = duty.retire(
        called,
        places.reduce((sum, place, at) => (at < called ? sum + place.begun : sum), 0),
      );
      meter.recordDropped(rest);
      events.onEnded();
      return;
    }
    if (
      duty.finite &&
      (duty.isExhausted() || (change === null && places.every((place) => place.finished || !place.called)))
    ) {
      events.onLoadOver();
    }
  };

  return {
    allocate() {
      learnIndices(findLargestCount(profile));
    },
    begin: applyProfile,
    scale(timeMs, target, overMs) {
      profile = scaleVuProfile(profile, timeMs, target, overMs);
      learnIndices(target);
      applyProfile();
    },
    endLoad() {
      over = true;
      change?.cancel();
      change = null;
      for (const place of places) place.rest.wake();
      checkFinished();
    },
    interrupt() {
      for (const place of places) interruptPlace(place);
    },
    countActive: () => running,
    takeMostActive() {
      const most = mostRunning;
      mostRunning = running;
      return most;
    },
    countAllocated: () => running,
    countPlanned: (timeMs) => (over || timeMs < 0 ? 0 : countIndices(share.vus, countVus(profile, timeMs))),
  };
}
