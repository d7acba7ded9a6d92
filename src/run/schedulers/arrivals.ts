import type { Supply } from "../../data/feeds.ts";
import { computeArrivalTime, scaleRateProfile, type RateProfile } from "../../plan/profiles/rate-profile.ts";
import { findWindowsEnd, listWindowsFrom } from "../../plan/cut-windows.ts";
import type { ArrivalPattern } from "../../protocol/plan.ts";
import type { Alarm } from "../../protocol/ports.ts";
import { createArrivalCursor } from "./arrival-cursor.ts";
import type { Scheduler, SchedulerContext } from "./scheduler.ts";
import { createVuPool, type PooledVu } from "./vu-pool.ts";

/** How long starts that are due may keep the loop from reading answers, ms. */
const sliceMs = 0.25;

const never = Number.POSITIVE_INFINITY;

/** How often a start whose row is on the way looks for it, ms. */
const rowPollMs = 20;

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
  const { planned, share, scenario, clock, time, meter, gate, events } = context;
  const { pacingMs, gracefulStopMs } = planned.scenario;
  const { drawThinkTime, supply } = scenario;
  const cursor = createArrivalCursor(share.arrivals);
  /** Events (number, planned time) that wait for a VU in its vu_setup. */
  const late: { readonly k: number; readonly plannedMs: number }[] = [];
  /** Events from here on are nobody's of this share yet. */
  let windowsEnd = findWindowsEnd(share.arrivals);
  /** Its own events below this one have begun: also some behind a cut that came too late and is put off next. */
  let passed = 0;
  let rate = load.rate;
  let nextMs = never;
  let active = 0;
  let mostActive = 0;
  let begun = false;
  let over = false;
  let ended = false;
  /** A feeder has no row for a start, nor for any that follows. */
  let starved = false;
  let alarm: Alarm | null = null;
  let turnAlarm: Alarm | null = null;
  /** What is to happen once the last event of the windows has begun. */
  let whenDrained: (() => void) | null = null;

  const pool = createVuPool(context, load, {
    onReady(place) {
      const event = late.shift();
      if (event !== undefined) serve(place, event.k, event.plannedMs, clock.now()).catch(failPlace);
      else pool.putBack(place);
      checkEnded();
    },
    onUnready() {
      // The VU is of no use; what waited for it has nobody.
      while (late.length > pool.preparing) {
        late.pop();
        meter.recordDropped(1);
      }
      checkEnded();
    },
  });

  const startDue = (now: number, mayMake: boolean) => {
    if (over || !begun) return;
    const sliceEnd = now + sliceMs;
    for (let at = now; nextMs <= time.read(at); at = clock.now()) {
      if (!gate.isOpen(at)) return;
      if (at >= sliceEnd || (!mayMake && !hasPlace())) {
        waitForTurn();
        return;
      }
      startNext(at);
    }
    if (alarm === null && nextMs !== never) alarm = time.at(nextMs, onAlarm);
  };

  /**
   * When starts are late, a VU that gets free takes one of them. The others wait a turn, in which more VUs get free whose
   * connections are open; VUs that have to dial would make the starts later still.
   */
  const continueDue = (now: number) => {
    const scenarioTime = time.read(now);
    if (nextMs > scenarioTime || !gate.isOpen(now)) return;
    startNext(now);
    if (nextMs <= scenarioTime) waitForTurn();
  };

  const startNext = (now: number) => {
    passed = cursor.k + 1;
    startEvent(cursor.k, nextMs, now);
    cursor.advance();
    findNext();
  };

  const findNext = () => {
    nextMs = computeArrivalTime(rate, cursor.k);
    if (nextMs !== never || whenDrained === null) return;
    const drained = whenDrained;
    whenDrained = null;
    drained();
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

  const hasPlace = () => pool.hasFree || late.length < pool.preparing;

  const startEvent = (k: number, plannedMs: number, now: number) => {
    if (starved) {
      meter.recordDropped(1);
      return;
    }
    if (!hasPlace() && pool.canMake()) pool.make();
    const place = pool.take();
    if (place !== undefined) serve(place, k, plannedMs, now).catch(failPlace);
    else if (late.length < pool.preparing) late.push({ k, plannedMs });
    else meter.recordDropped(1);
  };

  const failPlace = (error: unknown) => {
    active--;
    events.onFault(error);
    checkEnded();
  };

  const serve = async (place: PooledVu, k: number, plannedMs: number, now: number): Promise<void> => {
    const { vu } = place;
    let startedAt = now;
    active++;
    if (active > mostActive) mostActive = active;
    vu.iteration = k;
    if (supply !== null && supply(vu) !== "ready") {
      if (!(await waitForRow(place, supply))) {
        free(place);
        checkEnded();
        return;
      }
      startedAt = clock.now();
    }
    const lagUs = Math.max(0, Math.round((time.read(startedAt) - plannedMs) * 1000));
    vu.lagUs = lagUs;
    vu.vuIteration = place.begun++;
    meter.recordLag(lagUs);
    place.busy = true;
    const outcome = await scenario.iteration(vu);
    place.busy = false;
    const endedAt = clock.now();
    meter.recordEnd(outcome, startedAt, endedAt, vu.thoughtMs);
    if (!over && (drawThinkTime !== null || pacingMs > 0)) {
      const thinkTime = drawThinkTime === null ? 0 : drawThinkTime(vu);
      await place.rest.waitFor(endedAt + thinkTime, time.read(startedAt) + pacingMs);
    }
    free(place);
    if (!over) continueDue(endedAt);
    checkEnded();
  };

  const free = (place: PooledVu) => {
    active--;
    pool.putBack(place);
  };

  /** False: there is no row; the start is dropped. */
  const waitForRow = async (place: PooledVu, look: (vu: PooledVu["vu"]) => Supply): Promise<boolean> => {
    for (;;) {
      const state = look(place.vu);
      if (state === "ready") return true;
      if (state === "never" || over || place.controller.signal.aborted) {
        meter.recordDropped(1);
        if (state === "never") starve();
        return false;
      }
      await place.rest.waitFor(clock.now() + rowPollMs, Number.NEGATIVE_INFINITY);
    }
  };

  const starve = () => {
    if (starved) return;
    starved = true;
    clock.at(clock.now(), () => events.onLoadOver());
  };

  const checkEnded = () => {
    if (!over || ended || active > 0 || pool.preparing > 0) return;
    ended = true;
    pool.end().then(events.onEnded, events.onFault);
  };

  /** Adds what lies behind the windows that are known. */
  const takeWindows = (windows: readonly ArrivalPattern[]) => {
    cursor.append(listWindowsFrom(windows, Math.max(windowsEnd, passed)));
    windowsEnd = Math.max(windowsEnd, findWindowsEnd(windows));
  };

  const resetAlarm = () => {
    alarm?.cancel();
    alarm = null;
    if (!begun) return;
    findNext();
    startDue(clock.now(), false);
  };

  return {
    allocate: () => pool.allocate(),
    begin() {
      begun = true;
      resetAlarm();
    },
    scale(timeMs, target, overMs) {
      rate = scaleRateProfile(rate, timeMs, target, overMs);
      resetAlarm();
    },
    async release(kept) {
      const end = findWindowsEnd(kept.arrivals);
      const someLeave = pool.hold(kept.vus);
      if (end < windowsEnd) {
        windowsEnd = end;
        cursor.cutAt(end);
      } else takeWindows(kept.arrivals);
      // Where all VUs are given up they serve the events that are left, if these come to an end. Otherwise the others do:
      // an answer only after the cut would make the owner put the cut off again and again.
      if (someLeave && kept.vus.length === 0 && !over && begun && end !== never) {
        const drained = Promise.withResolvers<void>();
        const earlier = whenDrained;
        whenDrained = () => {
          earlier?.();
          drained.resolve();
        };
        resetAlarm();
        await drained.promise;
      }
      await pool.letGo(gracefulStopMs);
      return [];
    },
    grant(whole) {
      pool.hold(whole.vus);
      takeWindows(whole.arrivals);
      if (over) return;
      pool.allocate();
      resetAlarm();
    },
    allot: () => undefined,
    confirm: () => undefined,
    lookAgain: () => undefined,
    suspend: () => pool.suspend(),
    goOn: () => startDue(clock.now(), false),
    endLoad(full) {
      if (over) return;
      while (full && nextMs !== never) {
        const now = clock.now();
        if (gate.isOpen(now)) startNext(now);
        else {
          meter.recordDropped(1);
          cursor.advance();
          findNext();
        }
      }
      over = true;
      alarm?.cancel();
      alarm = null;
      turnAlarm?.cancel();
      turnAlarm = null;
      meter.recordDropped(late.length);
      late.length = 0;
      whenDrained?.();
      pool.wake();
      checkEnded();
    },
    interrupt: () => pool.interrupt(),
    countActive: () => active,
    takeMostActive() {
      const most = mostActive;
      mostActive = active;
      return most;
    },
    takeHalted: () => [],
    countAllocated: () => (ended ? 0 : pool.size),
    countPlanned: () => (over ? 0 : pool.size),
  };
}
