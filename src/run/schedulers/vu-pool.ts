import { countIndices, listIndices } from "../../plan/index-runs.ts";
import { computeVuId } from "../../plan/vu-numbers.ts";
import type { IndexRun } from "../../protocol/plan.ts";
import type { Alarm } from "../../protocol/ports.ts";
import type { VirtualUser } from "../../protocol/step.ts";
import { createRest, type Rest } from "./rest.ts";
import type { SchedulerContext } from "./scheduler.ts";

/** A VU of the pool. */
export interface PooledVu {
  readonly index: number;
  readonly vu: VirtualUser;
  readonly controller: AbortController;
  readonly rest: Rest;
  begun: number;
  /** In an iteration or vu_setup. */
  busy: boolean;
}

/** The VUs that serve arrivals: made when they are needed, of the indices that the share holds at that time. */
export interface VuPool {
  readonly size: number;
  /** In their vu_setup. */
  readonly preparing: number;
  readonly hasFree: boolean;
  /** The VU that got free last. */
  take(): PooledVu | undefined;
  /** A VU has served. It is free again, unless it is to leave or was cut short. */
  putBack(place: PooledVu): void;
  canMake(): boolean;
  /** Makes the VU of the lowest index that has none. */
  make(): void;
  /** Makes the VUs that are to be there before they are needed. */
  allocate(): void;
  /** Its indices from now on. VUs of others stay until `letGo`; gives whether there are any. */
  hold(runs: readonly IndexRun[]): boolean;
  /** VUs of indices that are not held leave when they are free, after this grace in any case. Resolves when they are gone. */
  letGo(graceMs: number): Promise<void>;
  /** Cuts iterations and vu_setups short; those VUs are made anew when they are needed. */
  suspend(): void;
  interrupt(): void;
  /** Ends the VUs' rests. */
  wake(): void;
  /** Ends all VUs. */
  end(): Promise<void>;
}

export interface VuPoolEvents {
  /** A VU's vu_setup has passed. */
  onReady(place: PooledVu): void;
  /** A VU's vu_setup has failed, or was cut short. */
  onUnready(): void;
}

export function createVuPool(
  context: SchedulerContext,
  limits: { readonly preAllocatedVus: number; readonly maxVus: number },
  events: VuPoolEvents,
): VuPool {
  const { plan, planned, position, scenario, clock, time } = context;
  const { vuSetup, vuTeardown } = planned.scenario;
  const places = new Set<PooledVu>();
  /** Ends that are under way. */
  const ending = new Set<Promise<void>>();
  let free: PooledVu[] = [];
  let runs = context.share.vus;
  let held = new Set(listIndices(runs, 0, limits.maxVus));
  /** Held indices without a VU, descending. */
  let unmade = [...held].reverse();
  let preparing = 0;
  let leaving = false;
  let whenLeft: (() => void)[] = [];
  let leaveAlarm: Alarm | null = null;

  const make = () => {
    const index = unmade.pop();
    if (index === undefined) return;
    const controller = new AbortController();
    const vu = scenario.createVu(computeVuId(plan, position, index), controller.signal);
    if (scenario.supplyVu?.(vu) === "never") {
      // A feeder has no row for it, and will have none: the next may have.
      scenario.closeVu(vu);
      make();
      return;
    }
    const place: PooledVu = { index, vu, controller, rest: createRest(clock, time), begun: 0, busy: false };
    places.add(place);
    if (vuSetup.length === 0) free.push(place);
    else prepare(place).catch(context.events.onFault);
  };

  const prepare = async (place: PooledVu) => {
    preparing++;
    place.busy = true;
    let ready = false;
    try {
      ready = await scenario.vuSetup(place.vu);
    } finally {
      preparing--;
      place.busy = false;
    }
    if (ready && !place.controller.signal.aborted) events.onReady(place);
    else {
      if (place.controller.signal.aborted) remake(place);
      events.onUnready();
    }
    settle();
  };

  const remake = (place: PooledVu) => {
    end(place);
    if (held.has(place.index)) unmade.push(place.index);
  };

  const learnUnmade = () => {
    const made = new Set(Array.from(places, ({ index }) => index));
    unmade = [...held].filter((index) => !made.has(index)).sort((a, b) => b - a);
  };

  const end = (place: PooledVu) => {
    places.delete(place);
    const work = endPlace(place).finally(() => {
      ending.delete(work);
      settle();
    });
    ending.add(work);
    work.catch(context.events.onFault);
  };

  const endPlace = async ({ vu, controller }: PooledVu) => {
    try {
      if (vuTeardown.length > 0 && !controller.signal.aborted) await scenario.vuTeardown(vu);
    } finally {
      scenario.closeVu(vu);
    }
  };

  /** Sees off the VUs that are to leave. */
  const settle = () => {
    if (!leaving) return;
    for (const place of free.filter(({ index }) => !held.has(index))) {
      free = free.filter((one) => one !== place);
      end(place);
    }
    for (const { index } of places) if (!held.has(index)) return;
    if (ending.size > 0) return;
    leaving = false;
    leaveAlarm?.cancel();
    leaveAlarm = null;
    const left = whenLeft;
    whenLeft = [];
    for (const tell of left) tell();
  };

  const cut = (place: PooledVu) => place.controller.abort();

  return {
    get size() {
      return places.size;
    },
    get preparing() {
      return preparing;
    },
    get hasFree() {
      return free.length > 0;
    },
    take: () => free.pop(),
    putBack(place) {
      if (place.controller.signal.aborted) remake(place);
      else free.push(place);
      settle();
    },
    canMake: () => unmade.length > 0,
    make,
    allocate() {
      for (let more = countIndices(runs, limits.preAllocatedVus) - places.size; more > 0; more--) make();
    },
    hold(now) {
      runs = now;
      held = new Set(listIndices(runs, 0, limits.maxVus));
      learnUnmade();
      return Array.from(places).some(({ index }) => !held.has(index));
    },
    letGo(graceMs) {
      leaving = true;
      leaveAlarm?.cancel();
      leaveAlarm = clock.at(clock.now() + graceMs, () => {
        for (const place of places) if (!held.has(place.index)) cut(place);
      });
      for (const place of places) if (!held.has(place.index)) place.rest.wake();
      return new Promise((resolve) => {
        whenLeft.push(resolve);
        settle();
      });
    },
    suspend() {
      for (const place of places) if (place.busy) cut(place);
    },
    interrupt: () => places.forEach(cut),
    wake() {
      for (const place of places) place.rest.wake();
    },
    async end() {
      free = [];
      for (const place of places) end(place);
      await Promise.all(ending);
      leaveAlarm?.cancel();
      settle();
    },
  };
}
