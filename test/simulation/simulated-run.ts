import type { CarriedOrder, RunEvent } from "../../src/cluster/slave.ts";
import { endless, listIndices } from "../../src/plan/index-runs.ts";
import { packHalted } from "../../src/plan/halted-vus.ts";
import type { Frame, HaltedVus, SeriesDelta } from "../../src/protocol/frame.ts";
import type { Plan, Share } from "../../src/protocol/plan.ts";
import type { Random } from "../../src/protocol/ports.ts";
import { createArrivalModel } from "./arrival-model.ts";
import type { GroundTruth } from "./ground-truth.ts";
import { createLoopingModel } from "./looping-model.ts";
import type { Counted, ModelContext, ScenarioModel } from "./scenario-model.ts";
import { createRendezvous } from "../../src/run/rendezvous.ts";
import { readMeeting } from "./pick-plan.ts";
import { createRowModel, type RowModel } from "./row-model.ts";
import { createSimulatedTestClock, type SimulatedTestClock } from "./simulated-clock.ts";

export interface SimulatedRunOptions {
  readonly source: string;
  readonly truth: GroundTruth;
  readonly random: Random;
  readonly periodMs: number;
  /** The slave's monotonic and epoch clocks. */
  clock(): { readonly now: number; readonly wall: number };
  trueNow(): number;
  maySend(): boolean;
  later(delayMs: number, task: () => void): void;
  emit(event: RunEvent): void;
}

/** A share's run without requests: what `slave/carry-out.ts` and `run/` are in the product. */
export interface SimulatedRun {
  carryOut(order: CarriedOrder): void;
  /** Operations that are in no frame yet. */
  readonly uncut: number;
  readonly done: boolean;
}

const metrics: readonly Counted[] = ["iterations", "interrupted_iterations", "dropped_iterations"];

export function createSimulatedRun(options: SimulatedRunOptions): SimulatedRun {
  const { source, truth, random, periodMs, clock, later, emit } = options;
  const test = createSimulatedTestClock();
  /** By scenario, on the test clock. */
  let own: SimulatedTestClock[] = [];
  const indexOf = (name: string) => plan?.scenarios.findIndex(({ scenario }) => scenario.name === name) ?? -1;
  const readOwn = (at: number) => own[at]?.readAt(test.readAt(clock().now)) ?? test.readAt(clock().now);
  const readTest = () => Math.max(0, test.readAt(clock().now));
  let plan: Plan | null = null;
  let rows: RowModel | null = null;
  let models: ScenarioModel[] = [];
  let held: number[][] = [];
  let counts: Record<Counted, number>[] = [];
  let halted: HaltedVus[] = [];
  let requests = 0;
  let number = 0;
  let done = false;
  let ending = false;
  let idle = false;
  /** True time since when it is. */
  let idleSince = Number.POSITIVE_INFINITY;
  let started = false;
  const allotted = new Map<string, number>();
  const wants = new Map<string, number>();
  const claims = new Map<number, { readonly scenario: string; readonly through: (readonly [number, number])[] }>();
  let serial = 0;

  const setAlarm = (isDue: () => number, task: () => void) => {
    let cancelled = false;
    const ring = () => {
      const inMs = isDue();
      if (cancelled) return;
      if (inMs <= 0) task();
      else later(Math.min(inMs, 100), ring);
    };
    later(0, ring);
    return {
      cancel() {
        cancelled = true;
      },
    };
  };
  const rendezvous = createRendezvous({
    clock: { now: () => clock().now, at: (time, task) => setAlarm(() => time - clock().now, task) },
    timeOf: (name) => ({
      now: () => readOwn(indexOf(name)),
      at: (time, task) => setAlarm(() => time - readOwn(indexOf(name)), task),
    }),
    leastMs: 5,
    look(name) {
      const at = indexOf(name);
      const model = models[at];
      const begun = readOwn(at) >= (plan?.scenarios[at]?.scenario.startTimeMs ?? 0);
      return { stage: model?.over === true ? "over" : begun ? "loading" : "waiting", running: model?.running ?? 0 };
    },
    tell: (arrivals) => emit({ type: "fact", fact: { type: "arrive", ...arrivals, thread: 0, threads: 1 } }),
  });

  const prepare = (of: Plan, share: Share) => {
    plan = of;
    rows = createRowModel(of, {
      emit: (fact) => emit({ type: "fact", fact }),
      use: (row) => truth.useRow(row, source),
      want(line) {
        if (wants.has(line)) return;
        const of = allotted.get(line) ?? 0;
        wants.set(line, of);
        emit({ type: "fact", fact: { type: "want", scenario: line, serial: of } });
      },
    });
    held = of.scenarios.map(() => []);
    own = of.scenarios.map(createSimulatedTestClock);
    counts = of.scenarios.map(createCounts);
    models = of.scenarios.map((planned, at) => {
      const { name, load, startTimeMs } = planned.scenario;
      const meeting = readMeeting(planned);
      const arrive = meeting === null ? null : rendezvous.open(name, "meet", meeting.count);
      const context: ModelContext = {
        at,
        planned,
        random,
        periodMs,
        timeMs: () => readOwn(at) - startTimeMs,
        isHeld: () => {
          const { now } = clock();
          return test.isFrozen(now) || own[at]?.isFrozen(test.readAt(now)) === true || !options.maySend();
        },
        later,
        start(vu, epoch, iteration) {
          requests++;
          rows?.use();
          truth.start({ scenario: at, vu, iteration, source, epoch, now: options.trueNow() });
        },
        halt: (begun) => void halted.push(...packHalted(name, begun)),
        beginVu: (vu, epoch) => truth.beginVu(at, vu, source, epoch),
        count(metric, count) {
          const own = counts[at];
          if (own !== undefined) own[metric] += count;
        },
        meet:
          arrive === null || meeting === null
            ? null
            : async (halt) => {
                truth.comeTo(at, meeting.count);
                const end = await arrive(meeting.timeoutMs, Number.POSITIVE_INFINITY, halt);
                if (end === "met") truth.goOn(at);
                else if (end !== "interrupted") truth.goWithout(at);
                return end !== "interrupted";
              },
        want() {
          wants.set(name, allotted.get(name) ?? 0);
          emit({ type: "fact", fact: { type: "want", scenario: name, serial: allotted.get(name) ?? 0 } });
        },
        claim(through) {
          serial++;
          claims.set(serial, { scenario: name, through: [...through] });
          emit({ type: "fact", fact: { type: "claim", scenario: name, serial, through } });
        },
      };
      return load.mode.endsWith("arrival-rate") ? createArrivalModel(context) : createLoopingModel(context);
    });
    takeShare(share, 0);
  };
  const takeShare = (share: Share, epoch: number) => {
    share.scenarios.forEach((part, at) => {
      models[at]?.setShare(part, epoch);
      held[at] = listIndices(part.vus, 0, endless);
    });
  };
  const findModel = (name: string) => models[indexOf(name)];

  const cutFrame = () => {
    number++;
    const testTimeMs = readTest();
    const series: SeriesDelta[] = [counter("http_reqs", {}, requests)];
    counts.forEach((count, at) => {
      const scenario = plan?.scenarios[at]?.scenario.name ?? "";
      for (const metric of metrics) if (count[metric] > 0) series.push(counter(metric, { scenario }, count[metric]));
    });
    const generator = { cpu: 0, eventLoopLagMs: 0, memory: 0 };
    const second = Math.floor(testTimeMs / 1_000);
    const frame: Frame = {
      number,
      second,
      testTimeMs,
      warmUp: false,
      series,
      errors: [],
      vus: [],
      ...(halted.length === 0 ? {} : { halted }),
      overflow: {},
      generator,
    };
    requests = 0;
    halted = [];
    counts = counts.map(createCounts);
    emit({ type: "frame", frame });
  };
  const isUncut = () =>
    requests > 0 || halted.length > 0 || counts.some((count) => metrics.some((metric) => count[metric] > 0));
  const watch = () => {
    if (done) return;
    if (models.every(({ ended }) => ended)) finish();
    else {
      tellIdle();
      later(50, watch);
    }
  };
  /** Once, and again after what may have changed it. */
  const tellIdle = () => {
    const before = idle;
    idle = models.every((model) => model.idle);
    if (!idle || before) return;
    idleSince = Math.min(idleSince, options.trueNow());
    emit({ type: "fact", fact: { type: "idle", testTimeMs: readTest() } });
  };
  const everySecond = () => {
    if (done) return;
    if (isUncut() || random() < 0.2) cutFrame();
    for (const [scenario, of] of wants) emit({ type: "fact", fact: { type: "want", scenario, serial: of } });
    if (random() < 0.15) rows?.giveBack();
    rows?.repeat();
    for (const [of, claim] of claims) emit({ type: "fact", fact: { type: "claim", serial: of, ...claim } });
    later(1_000, everySecond);
  };
  const finish = () => {
    if (done) return;
    done = true;
    if (started) truth.endLoad(Math.min(idleSince, options.trueNow()));
    rendezvous.close();
    if (isUncut()) cutFrame();
    rows?.giveBack();
    emit({ type: "done", testTimeMs: readTest() });
  };
  /** Everything ends within the grace; what still runs then is interrupted. */
  const stop = (graceMs: number) => {
    for (const model of models) model.endLoad(false);
    if (ending && graceMs > 0) return;
    ending = true;
    const interrupt = () => {
      for (const model of models) model.interrupt();
      finish();
    };
    if (graceMs <= 0) interrupt();
    else later(random() * graceMs, interrupt);
  };
  /** A command acts once its test time, or a scenario's own, has come. */
  const applyAt = (atMs: number, command: string, scenario = "") => {
    const now = readOwn(indexOf(scenario));
    const stands =
      scenario !== "" &&
      (test.isFrozen(clock().now) || own[indexOf(scenario)]?.isFrozen(test.readAt(clock().now)) === true);
    if (now >= atMs || done || stands) {
      emit({ type: "fact", fact: { type: "applied", command, testTimeMs: now } });
    } else later(Math.min(100, atMs - now + 1), () => applyAt(atMs, command, scenario));
  };

  const carryOut = (order: CarriedOrder): void => {
    switch (order.type) {
      case "prepare":
        prepare(order.plan, order.share);
        later(1 + random() * 50, () =>
          emit({ type: "fact", fact: { type: "prepared", ...(rows?.rows === undefined ? {} : { rows: rows.rows }) } }),
        );
        return;
      case "setup":
        truth.runSetup();
        later(1 + random() * 50, () => emit({ type: "fact", fact: { type: "setup_done", shared: {} } }));
        return;
      case "start": {
        const { now, wall } = clock();
        started = true;
        test.start(now + order.inMs);
        own.forEach((one, at) => {
          const known = order.pauses?.find(({ scenario }) => indexOf(scenario) === at);
          one.start(known?.pausedMs ?? 0);
          if (known !== undefined && known.standsAtMs !== null) one.pause(known.standsAtMs, Number.NEGATIVE_INFINITY);
        });
        rendezvous.start();
        models.forEach((model, at) => {
          const begin = () => {
            if (readOwn(at) >= (plan?.scenarios[at]?.scenario.startTimeMs ?? 0)) model.begin();
            else if (!done) later(20, begin);
          };
          later(order.inMs, begin);
        });
        later(order.inMs, () => emit({ type: "fact", fact: { type: "started", atWallMs: wall + order.inMs } }));
        later(1_000, everySecond);
        later(Math.max(order.inMs, 0) + 100, watch);
        return;
      }
      case "pause":
        test.pause(order.atMs, clock().now);
        applyAt(order.atMs, order.command);
        return;
      case "resume": {
        const { now, wall } = clock();
        test.resume(now + order.atWallMs - wall, order.testTimeMs, now);
        const goOn = () => {
          if (test.isFrozen(clock().now) && !done) later(20, goOn);
          else
            emit({
              type: "fact",
              fact: { type: "applied", command: order.command, testTimeMs: test.readAt(clock().now) },
            });
        };
        goOn();
        return;
      }
      case "pause_scenario":
        own[indexOf(order.scenario)]?.pause(
          test.isFrozen(clock().now) ? readOwn(indexOf(order.scenario)) : order.atMs,
          test.readAt(clock().now),
        );
        applyAt(order.atMs, order.command, order.scenario);
        return;
      case "resume_scenario": {
        const one = own[indexOf(order.scenario)];
        one?.resume(order.atMs, order.atMs - order.pausedMs, test.readAt(clock().now));
        const goOn = () => {
          const { now } = clock();
          if (one?.isFrozen(test.readAt(now)) === true && !test.isFrozen(now) && !done) later(20, goOn);
          else {
            const testTimeMs = readOwn(indexOf(order.scenario));
            emit({ type: "fact", fact: { type: "applied", command: order.command, testTimeMs } });
          }
        };
        goOn();
        return;
      }
      case "scale": {
        const planned = plan?.scenarios.find(({ scenario }) => scenario.name === order.scenario);
        const atMs = Math.max(0, order.atMs - (planned?.scenario.startTimeMs ?? 0));
        idle = false;
        idleSince = Number.POSITIVE_INFINITY;
        findModel(order.scenario)?.scale(atMs, order.target, order.overMs);
        applyAt(order.atMs, order.command, order.scenario);
        return;
      }
      case "release": {
        const kept = order.share.scenarios.map(({ vus }) => new Set(listIndices(vus, 0, endless)));
        const given = held.map((vus, at) => vus.filter((vu) => kept[at]?.has(vu) !== true));
        takeShare(order.share, order.epoch);
        const back = models.map((model, at) =>
          (given[at] ?? []).length > 0 ? model.giveBack(given[at] ?? []) : { unstarted: [], begun: [] },
        );
        models.forEach((_, at) => {
          if (held[at]?.length === 0) wants.delete(plan?.scenarios[at]?.scenario.name ?? "");
        });
        const fact = {
          type: "released",
          epoch: order.epoch,
          unstarted: back.map(({ unstarted }) => unstarted),
          begun: back.map(({ begun }) => begun),
        } as const;
        later(random() * 20, () => emit({ type: "fact", fact }));
        return;
      }
      case "grant":
        idle = false;
        idleSince = Number.POSITIVE_INFINITY;
        takeShare(order.share, order.epoch);
        return;
      case "allot":
        allotted.set(order.scenario, order.serial);
        wants.delete(order.scenario);
        if (order.scenario.startsWith("data.")) rows?.allot(order.ranges, order.last);
        if (done) rows?.giveBack();
        findModel(order.scenario)?.allot(order.ranges, order.last);
        return;
      case "claimed": {
        const claim = claims.get(order.serial);
        claims.delete(order.serial);
        if (claim !== undefined) findModel(claim.scenario)?.confirm(claim.through);
        return;
      }
      case "proceed":
        rendezvous.proceed(order.scenario, order.points);
        return;
      case "taken_back":
        rows?.takeBack(order.serial);
        return;
      case "suspend":
        for (const model of models) model.interrupt();
        return;
      case "go_on":
        return;
      case "stop":
        stop(order.graceMs);
        return;
      case "expel":
        stop(0);
        return;
      case "teardown":
        truth.runTeardown();
        later(1 + random() * 50, () => emit({ type: "fact", fact: { type: "teardown_done" } }));
        return;
      case "close":
        stop(0);
        later(1 + random() * 50, () => emit({ type: "fact", fact: { type: "closed" } }));
        return;
      default:
        order satisfies never;
    }
  };

  return {
    carryOut,
    get uncut() {
      return requests;
    },
    get done() {
      return done;
    },
  };
}

function createCounts(): Record<Counted, number> {
  return { iterations: 0, interrupted_iterations: 0, dropped_iterations: 0 };
}

function counter(metric: string, tags: Readonly<Record<string, string>>, sum: number): SeriesDelta {
  return { key: { metric, type: "counter", tags }, type: "counter", sum };
}
