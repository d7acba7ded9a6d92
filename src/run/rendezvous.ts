import type { Arrive, MeetingEnd, Meetings } from "../flow/rendezvous/meetings.ts";
import type { Arrivals, Departures } from "../protocol/message.ts";
import type { Alarm, Clock } from "../protocol/ports.ts";

/** What a scenario's VUs on this thread are up to. */
export type CrewView = Pick<Arrivals, "stage" | "running">;

export interface RendezvousOptions {
  readonly clock: Pick<Clock, "now" | "at">;
  /** A scenario's own test time: it stands while the run or the scenario is paused. */
  timeOf(scenario: string): Pick<Clock, "now" | "at">;
  /** The least time between two reports of a scenario, ms; 0: at once. */
  readonly leastMs: number;
  look(scenario: string): CrewView;
  tell(arrivals: Omit<Arrivals, "thread" | "threads">): void;
}

/** The rendezvous of one thread: it tells the owner who waits, and lets go on whom the owner says. */
export interface Rendezvous extends Meetings {
  /** From now on the owner hears of the scenarios that have a place, also while nobody waits there. */
  start(): void;
  proceed(scenario: string, points: readonly Departures[]): void;
  /** Says the last; the caller has ended every VU. */
  close(): void;
}

interface Waiter {
  /** Its time is up: it goes once the owner has agreed, unless it is let on before. */
  leaving: boolean;
  end(how: MeetingEnd): void;
}

/** The counts only grow, so that a report and an answer may be lost, repeated or overtaken. */
interface Point {
  readonly step: string;
  readonly count: number | null;
  arrived: number;
  /** VUs that went on, and VUs that went without: as the owner said so far. */
  released: number;
  gone: number;
  /** Interrupted while they waited: they are gone, and the owner has not agreed yet. */
  ghosts: number;
  over: boolean;
  /** In the order of their coming. */
  readonly waiters: Set<Waiter>;
}

interface Scenario {
  readonly points: Map<string, Point>;
  serial: number;
  told: string;
  toldAt: number;
  soon: Alarm | null;
}

/** How often the crews are looked at, and how often everything is said again, ms. */
const LOOK_EVERY_MS = 50;
const REPEAT_MS = 1_000;

export function createRendezvous(options: RendezvousOptions): Rendezvous {
  const { clock, timeOf, leastMs } = options;
  const scenarios = new Map<string, Scenario>();
  let watch: Alarm | null = null;
  let phase: "new" | "started" | "closed" = "new";

  const report = (name: string, scenario: Scenario): void => {
    const { stage, running } = options.look(name);
    const state = { stage, running, points: [...scenario.points.values()].map(describePoint) };
    const text = JSON.stringify(state);
    const now = clock.now();
    if (text === scenario.told && now < scenario.toldAt + REPEAT_MS) return;
    scenario.told = text;
    scenario.toldAt = now;
    scenario.serial++;
    options.tell({ scenario: name, serial: scenario.serial, ...state });
  };
  const tellSoon = (name: string, scenario: Scenario): void => {
    if (phase !== "started" || scenario.soon !== null) return;
    // Those who come in one go are told of together.
    scenario.soon = clock.at(Math.max(clock.now(), scenario.toldAt + leastMs), () => {
      scenario.soon = null;
      report(name, scenario);
    });
  };
  const look = (): void => {
    for (const [name, scenario] of scenarios) report(name, scenario);
    watch = clock.at(clock.now() + LOOK_EVERY_MS, look);
  };

  const arrive = (
    point: Point,
    time: Pick<Clock, "now" | "at">,
    changed: () => void,
    timeoutMs: number,
    deadline: number,
    halt: AbortSignal,
  ): Promise<MeetingEnd> => {
    if (halt.aborted || point.over) return Promise.resolve("interrupted");
    return new Promise((resolve) => {
      const alarms: Alarm[] = [];
      const waiter: Waiter = {
        leaving: false,
        end(how) {
          point.waiters.delete(waiter);
          for (const alarm of alarms) alarm.cancel();
          halt.removeEventListener("abort", vanish);
          resolve(how);
        },
      };
      const leave = () => {
        if (waiter.leaving) return;
        waiter.leaving = true;
        changed();
      };
      const vanish = () => {
        point.ghosts++;
        waiter.end("interrupted");
        changed();
      };
      alarms.push(time.at(time.now() + timeoutMs, leave));
      if (deadline !== Infinity) alarms.push(clock.at(deadline, leave));
      halt.addEventListener("abort", vanish, { once: true });
      point.waiters.add(waiter);
      point.arrived++;
      changed();
    });
  };

  return {
    open(name, step, count): Arrive {
      const scenario = scenarios.get(name) ?? {
        points: new Map<string, Point>(),
        serial: 0,
        told: "",
        toldAt: Number.NEGATIVE_INFINITY,
        soon: null,
      };
      scenarios.set(name, scenario);
      const point = scenario.points.get(step) ?? createPoint(step, count);
      scenario.points.set(step, point);
      const changed = () => tellSoon(name, scenario);
      const time = timeOf(name);
      return (timeoutMs, deadline, halt) => arrive(point, time, changed, timeoutMs, deadline, halt);
    },
    start() {
      phase = "started";
      if (scenarios.size > 0) look();
    },
    proceed(name, points) {
      const scenario = scenarios.get(name);
      if (scenario === undefined) return;
      for (const departures of points) {
        const point = scenario.points.get(departures.step);
        if (point !== undefined) letGo(point, departures);
      }
      tellSoon(name, scenario);
    },
    close() {
      if (phase === "closed") return;
      watch?.cancel();
      for (const [name, scenario] of scenarios) {
        scenario.soon?.cancel();
        if (phase === "started") report(name, scenario);
        for (const { waiters } of scenario.points.values()) for (const waiter of waiters) waiter.end("interrupted");
      }
      phase = "closed";
    },
  };
}

/** Those whose time was up first go without; then those who came first go on, the ones that wanted to leave last. */
function letGo(point: Point, { released, gone, came, needed, over }: Departures): void {
  for (; point.gone < gone; point.gone++) {
    if (point.ghosts > 0) point.ghosts--;
    else find(point, ({ leaving }) => leaving)?.end({ came, needed });
  }
  for (; point.released < released; point.released++) {
    const waiter = find(point, ({ leaving }) => !leaving) ?? find(point, () => true);
    if (waiter !== undefined) waiter.end("met");
    else if (point.ghosts > 0) point.ghosts--;
  }
  if (!over) return;
  point.over = true;
  for (const waiter of point.waiters) waiter.end("interrupted");
}

function find({ waiters }: Point, matches: (waiter: Waiter) => boolean): Waiter | undefined {
  for (const waiter of waiters) if (matches(waiter)) return waiter;
  return undefined;
}

function createPoint(step: string, count: number | null): Point {
  return { step, count, arrived: 0, released: 0, gone: 0, ghosts: 0, over: false, waiters: new Set() };
}

function describePoint({ step, count, arrived, released, gone, ghosts, waiters }: Point): Arrivals["points"][number] {
  let leaving = gone + ghosts;
  for (const waiter of waiters) if (waiter.leaving) leaving++;
  return { step, count, arrived, released, gone, leaving };
}
