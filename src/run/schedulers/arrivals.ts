import { countIndices, listIndices } from "../../plan/index-runs.ts";
import { computeArrivalTime, scaleRateProfile, type RateProfile } from "../../plan/profiles/rate-profile.ts";
import { computeVuId } from "../../plan/vu-numbers.ts";
import type { Alarm } from "../../protocol/ports.ts";
import type { VirtualUser } from "../../protocol/step.ts";
import { createArrivalCursor } from "./arrival-cursor.ts";
import { createRest, type Rest } from "./rest.ts";
import type { Scheduler, SchedulerContext } from "./scheduler.ts";

/** A VU of the pool. */
interface Place {
  readonly vu: VirtualUser;
  readonly controller: AbortController;
  readonly rest: Rest;
  begun: number;
}

/** How long starts that are due may keep the loop from reading answers, ms. */
const sliceMs = 0.25;

export interface ArrivalLoad {
  readonly rate: RateProfile;
  readonly preAllocatedVus: number;
  readonly maxVus: number;
}

/**
 * Starts iterations at the planned instants of the share's events, whatever the target does. An event takes a free VU,
 * else a new one up to `maxVus` (or one whose vu_setup still runs, and then begins late), else it is dropped and
 * counted. One alarm waits for the next event; whoever comes by, the alarm or a VU that gets free, starts all that are due.
 */
export function createArrivals(context: SchedulerContext, load: ArrivalLoad): Scheduler {
  const { plan, planned, position, share, scenario, clock, time, meter, events } = context;
  const { vuSetup, vuTeardown, pacingMs } = planned.scenario;
  const { drawThinkTime } = scenario;
  const indices = listIndices(share.vus, 0, load.maxVus);
  const cursor = createArrivalCursor(share.arrivals);
  const places: Place[] = [];
  const free: Place[] = [];
  /** Events (number, planned time) that wait for a VU in its vu_setup. */
  const late: { readonly k: number; readonly plannedMs: number }[] = [];
  let rate = load.rate;
  let nextMs = Number.POSITIVE_INFINITY;
  let made = 0;
  let preparing = 0;
  let active = 0;
  let mostActive = 0;
  let begun = false;
  let over = false;
  let ended = false;
  let alarm: Alarm | null = null;
  let turnAlarm: Alarm | null = null;

  const startDue = (now: number, mayMake: boolean) => {
    if (over || !begun) return;
    const sliceEnd = now + sliceMs;
    for (let at = now; nextMs <= time.read(at); at = clock.now()) {
      if (at >= sliceEnd || (!mayMake && !hasPlace())) {
        waitForTurn();
        return;
      }
      startNext(at);
    }
    if (alarm === null && nextMs !== Number.POSITIVE_INFINITY) alarm = time.at(nextMs, onAlarm);
  };

  const startNext = (now: number) => {
    startEvent(cursor.k, nextMs, now);
    cursor.advance();
    nextMs = computeArrivalTime(rate, cursor.k);
  };

  const onAlarm = () => {
    alarm = null;
    startDue(clock.now(), false);
  };

  /**
   * After a stall of the loop the alarm rings before the answers that came meanwhile are read: VUs that look busy may
   * be free. Only what finds none a turn later makes a VU, which has all its connections still to open, or is dropped.
   */
  const waitForTurn = () => {
    turnAlarm ??= clock.at(clock.now(), () => {
      turnAlarm = null;
      startDue(clock.now(), true);
    });
  };

  const hasPlace = () => free.length > 0 || late.length < preparing;

  const startEvent = (k: number, plannedMs: number, now: number) => {
    if (free.length === 0 && late.length >= preparing && made < indices.length) makePlace();
    const place = free.pop();
    if (place !== undefined) serve(place, k, plannedMs, now).catch(failPlace);
    else if (late.length < preparing) late.push({ k, plannedMs });
    else meter.recordDropped(1);
  };

  const makePlace = () => {
    const controller = new AbortController();
    const vu = scenario.createVu(computeVuId(plan, position, indices[made++] ?? 0), controller.signal);
    const place: Place = { vu, controller, rest: createRest(clock, time), begun: 0 };
    places.push(place);
    if (vuSetup.length === 0) free.push(place);
    else preparePlace(place).catch(events.onFault);
  };

  const failPlace = (error: unknown) => {
    active--;
    events.onFault(error);
    checkEnded();
  };

  const preparePlace = async (place: Place) => {
    preparing++;
    let ready = false;
    try {
      ready = await scenario.vuSetup(place.vu);
    } finally {
      preparing--;
    }
    if (ready) {
      offerPlace(place);
      return;
    }
    // The VU is of no use; what waited for it has nobody.
    while (late.length > preparing) {
      late.pop();
      meter.recordDropped(1);
    }
    checkEnded();
  };

  const offerPlace = (place: Place) => {
    const event = late.shift();
    if (event !== undefined) {
      serve(place, event.k, event.plannedMs, clock.now()).catch(failPlace);
      return;
    }
    free.push(place);
    checkEnded();
  };

  const serve = async (place: Place, k: number, plannedMs: number, startedAt: number): Promise<void> => {
    const { vu } = place;
    const lagUs = Math.max(0, Math.round((time.read(startedAt) - plannedMs) * 1000));
    active++;
    if (active > mostActive) mostActive = active;
    vu.lagUs = lagUs;
    vu.iteration = k;
    vu.vuIteration = place.begun++;
    meter.recordLag(lagUs);
    const outcome = await scenario.iteration(vu);
    const endedAt = clock.now();
    meter.recordEnd(outcome, startedAt, endedAt);
    if (!over && (drawThinkTime !== null || pacingMs > 0)) {
      const thinkTime = drawThinkTime === null ? 0 : drawThinkTime(vu);
      await place.rest.waitFor(endedAt + thinkTime, time.read(startedAt) + pacingMs);
    }
    active--;
    free.push(place);
    startDue(endedAt, false);
    checkEnded();
  };

  const checkEnded = () => {
    if (!over || ended || active > 0 || preparing > 0) return;
    ended = true;
    free.length = 0;
    Promise.all(places.map(endPlace)).then(events.onEnded, events.onFault);
  };

  const endPlace = async ({ vu, controller }: Place) => {
    try {
      if (vuTeardown.length > 0 && !controller.signal.aborted) await scenario.vuTeardown(vu);
    } finally {
      scenario.closeVu(vu);
    }
  };

  return {
    allocate() {
      const wanted = countIndices(share.vus, load.preAllocatedVus);
      while (made < wanted) makePlace();
    },
    begin() {
      begun = true;
      nextMs = computeArrivalTime(rate, cursor.k);
      startDue(clock.now(), false);
    },
    scale(timeMs, target, overMs) {
      rate = scaleRateProfile(rate, timeMs, target, overMs);
      nextMs = computeArrivalTime(rate, cursor.k);
      alarm?.cancel();
      alarm = null;
      startDue(clock.now(), false);
    },
    endLoad(full) {
      while (full && nextMs !== Number.POSITIVE_INFINITY) startNext(clock.now());
      over = true;
      alarm?.cancel();
      alarm = null;
      turnAlarm?.cancel();
      turnAlarm = null;
      meter.recordDropped(late.length);
      late.length = 0;
      for (const place of places) place.rest.wake();
      checkEnded();
    },
    interrupt() {
      for (const place of places) place.controller.abort();
    },
    countActive: () => active,
    takeMostActive() {
      const most = mostActive;
      mostActive = active;
      return most;
    },
    countAllocated: () => (ended ? 0 : places.length),
    countPlanned: () => (over ? 0 : places.length),
  };
}
