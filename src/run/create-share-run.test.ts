import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { makeStep, makeWorkflow } from "../../test/support/flow-run.ts";
import { createScenario } from "../../test/support/staged-run.ts";
import { cutPlan } from "../plan/cut-plan.ts";
import { makePlan } from "../plan/make-plan.ts";
import type { Frame } from "../protocol/frame.ts";
import { plainGet } from "../protocol/http-config.ts";
import type { JsonObject } from "../protocol/json.ts";
import type { Load } from "../protocol/load.ts";
import type { Share } from "../protocol/plan.ts";
import type { Scenario, Workflow } from "../protocol/workflow.ts";
import { createShareRun } from "./create-share-run.ts";
import type { ShareRun } from "./share-run.ts";
import { createSystemClock } from "./system-clock.ts";

const clock = createSystemClock({ now: () => performance.now(), wall: () => Date.now() });

interface Target {
  readonly url: string;
  /** Paths asked for, in order. */
  readonly seen: string[];
  /** When each was. */
  readonly times: number[];
}

async function startTarget(): Promise<Target> {
  const seen: string[] = [];
  const times: number[] = [];
  const server: Server = createServer((request, response) => {
    seen.push(request.url ?? "");
    times.push(clock.now());
    response.end("{}");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen, times };
}

function makeGet(id: string, url: string) {
  return makeStep(id, { type: "http", config: plainGet(url) as unknown as JsonObject });
}

interface Running {
  readonly run: ShareRun;
  readonly frames: Frame[];
  readonly faults: unknown[];
  readonly startedAt: number[];
  readonly done: Promise<number>;
  sum(metric: string): number;
}

function makeRun(workflow: Workflow, threads: number): Running {
  const plan = makePlan(workflow);
  const frames: Frame[] = [];
  const faults: unknown[] = [];
  const startedAt: number[] = [];
  const done = Promise.withResolvers<number>();
  const run = createShareRun(
    {
      plan,
      share: cutPlan(plan, [1])[0] as Share,
      inputs: { env: {}, secrets: {} },
      slaveId: "local",
      files: new Map(),
      seed: 0,
      threads,
      clock,
      random: Math.random,
      log: () => undefined,
      targets: null,
      connections: {},
      opensFiles: false,
      leaseMemory: null,
    },
    {
      onArrivals: () => undefined,
      onFrame: (frame) => frames.push(frame),
      onDone: done.resolve,
      onFault: (error) => faults.push(error),
      onStarted: (instant) => startedAt.push(instant),
      onIdle: () => undefined,
      onWant: () => undefined,
      onRowsOver: () => undefined,
      onReturn: () => undefined,
      onClaim: () => undefined,
    },
  );
  onTestFinished(async () => {
    await run.close();
  });
  const sum = (metric: string) =>
    frames
      .flatMap(({ series }) => series)
      .reduce((total, one) => (one.type === "counter" && one.key.metric === metric ? total + one.sum : total), 0);
  return { run, frames, faults, startedAt, done: done.promise, sum };
}

async function runThrough(running: Running): Promise<number> {
  await running.run.prepare();
  const shared = await running.run.setup();
  running.run.start(clock.now() + 5, shared);
  return running.done;
}

function makeScenario(url: string, load: Load, fields: Partial<Scenario> = {}): Scenario {
  return createScenario(load, { steps: [makeGet("get", `${url}/item`)], ...fields });
}

test.each([1, 2])(
  "%i thread(s): shared iterations are all done once, and counted as the target counts them",
  async (threads) => {
    const target = await startTarget();
    const load: Load = { mode: "shared-iterations", vus: 4, iterations: 200, maxDurationMs: 600_000 };
    const workflow = makeWorkflow([], {
      workflow: {
        scenarios: [makeScenario(target.url, load)],
        setup: [makeGet("prepare", `${target.url}/setup`)],
        teardown: [makeGet("clean", `${target.url}/teardown`)],
      },
    });
    const running = makeRun(workflow, threads);
    const last = await runThrough(running);
    expect(running.faults).toEqual([]);
    expect(last).toBe(running.frames.length);
    await running.run.teardown({});
    await running.run.close();
    expect(target.seen).toHaveLength(202);
    expect([target.seen[0], target.seen.at(-1)]).toEqual(["/setup", "/teardown"]);
    expect([running.sum("iterations"), running.sum("http_reqs")]).toEqual([200, 202]);
    expect(running.frames.map(({ number }) => number)).toEqual(running.frames.map((_, at) => at + 1));
    expect(running.frames.find(({ number }) => number === last)?.vus).toMatchObject([
      { scenario: "default", active: 0, iterations: 200 },
    ]);
    expect(running.frames[0]?.generator.memory).toBeGreaterThan(1e6);
  },
);

/** A load of 60 starts in 600 ms that stands from 250 ms on for a while; gives the test time at which it stood. */
async function pauseArrivals(threads: number): Promise<number> {
  const target = await startTarget();
  const load: Load = {
    mode: "constant-arrival-rate",
    rate: 100,
    timeUnitMs: 1000,
    durationMs: 600,
    preAllocatedVus: 60,
    maxVus: 60,
  };
  const running = makeRun(makeWorkflow([], { workflow: { scenarios: [makeScenario(target.url, load)] } }), threads);
  await running.run.prepare();
  // Far enough ahead for a thread that is late to hear of the pause in time.
  const startAt = clock.now() + 500;
  running.run.start(startAt, {});
  const stoodAt = await running.run.pause(250);
  expect(stoodAt).toBeGreaterThanOrEqual(250);
  // Some of those that were due may still be on their way; of the 15 that would be due without the pause none is.
  await new Promise<void>((resolve) => clock.at(startAt + stoodAt + 150, resolve));
  expect(target.seen.length).toBeLessThanOrEqual(Math.floor(stoodAt / 10) + 1);
  expect(await running.run.resume(clock.now(), stoodAt)).toBeLessThanOrEqual(stoodAt);
  await running.done;
  expect(clock.now() - startAt).toBeGreaterThan(750);
  expect(running.faults).toEqual([]);
  expect([target.seen.length, running.sum("iterations"), running.sum("dropped_iterations")]).toEqual([60, 60, 0]);
  return stoodAt;
}

test.each([1, 2])("%i thread(s): an arrival rate is kept, paused and resumed", async (threads) => {
  const stops = [await pauseArrivals(threads)];
  // A thread that the machine let hear of it too late stops where it is by then: one that heard in time is enough.
  while (stops.at(-1) !== 250 && stops.length < 10) stops.push(await pauseArrivals(threads));
  expect(stops.at(-1)).toBe(250);
});

test("frames come each second and at the end of warm_up", async () => {
  const target = await startTarget();
  const load: Load = { mode: "constant-vus", vus: 1, durationMs: 1300, rampUpMs: 0 };
  const workflow = makeWorkflow([], {
    workflow: { warmUpMs: 400, scenarios: [makeScenario(target.url, load, { pacingMs: 100 })] },
  });
  const running = makeRun(workflow, 2);
  await runThrough(running);
  // Which seconds they have is the cutter's; a thread that was held up cuts several at once.
  const warmUps = running.frames.map(({ warmUp }) => warmUp);
  expect([
    [true, false, false],
    [true, false],
  ]).toContainEqual(warmUps);
  expect(running.frames[0]?.testTimeMs).toBeGreaterThanOrEqual(400);
  // One for each pace, and none of one that a busy machine came too late for.
  expect(target.seen.length).toBeLessThanOrEqual(13);
  expect(running.sum("iterations")).toBe(target.seen.length);
});

test.each([1, 2])("%i thread(s): a scale acts at its test time, ahead or past, and says when", async (threads) => {
  const target = await startTarget();
  const load: Load = { mode: "constant-vus", vus: 2, durationMs: 600_000, rampUpMs: 0 };
  const workflow = makeWorkflow([], {
    workflow: {
      scenarios: [makeScenario(target.url, load, { pacingMs: 50, steps: [makeGet("get", `${target.url}/\${vu.id}`)] })],
    },
  });
  const running = makeRun(workflow, threads);
  await running.run.prepare();
  const startAt = clock.now() + 5;
  running.run.start(startAt, {});
  const ahead = running.run.scale("default", 6, 0, 300);
  await expect.poll(() => new Set(target.seen).size).toBe(6);
  expect(await ahead).toBeGreaterThanOrEqual(300);
  // Late as a busy machine may be, none of the four that were added was early.
  const firsts = new Map([...new Set(target.seen)].map((path) => [path, target.times[target.seen.indexOf(path)] ?? 0]));
  expect([...firsts.keys()].toSorted()).toEqual(["/1", "/2", "/3", "/4", "/5", "/6"]);
  for (const added of ["/3", "/4", "/5", "/6"]) expect((firsts.get(added) ?? 0) - startAt).toBeGreaterThanOrEqual(299);
  await new Promise<void>((resolve) => clock.at(startAt + 400, resolve));
  // As if the ramp from 6 to 2 had begun at 300: it is over by now.
  expect(await running.run.scale("default", 2, 50, 300)).toBeGreaterThan(399);
  const after = target.seen.length;
  // What was on its way, and what a thread that is late to hear of it still begins, comes first.
  const latest = () => target.seen.slice(after).slice(-30);
  await expect.poll(() => latest().length === 30 && new Set(latest()).size).toBe(2);
  running.run.stop(1000);
  await running.done;
  expect(running.faults).toEqual([]);
});

test("a scale is answered while its scenario stands by itself, also earlier than on other slaves", async () => {
  const target = await startTarget();
  const load: Load = { mode: "constant-vus", vus: 1, durationMs: 600_000, rampUpMs: 0 };
  const scenario = makeScenario(target.url, load, { pacingMs: 50 });
  const { run } = makeRun(makeWorkflow([], { workflow: { scenarios: [scenario] } }), 1);
  await run.prepare();
  run.start(clock.now() + 5, {}, [{ scenario: "default", pausedMs: 0, standsAtMs: 40 }]);
  await expect.poll(() => run.pauseScenario("default", 40)).toBe(40);
  expect(await run.scale("default", 2, 0, 60)).toBe(60);
});

test.each([1, 2])("%i thread(s): the start that is told is the one that was", async (threads) => {
  const target = await startTarget();
  const load: Load = { mode: "shared-iterations", vus: 2, iterations: 2, maxDurationMs: 600_000 };
  const running = makeRun(makeWorkflow([], { workflow: { scenarios: [makeScenario(target.url, load)] } }), threads);
  await running.run.prepare();
  const startAt = clock.now() + 50;
  running.run.start(startAt, {});
  await running.done;
  expect(running.startedAt).toHaveLength(1);
  expect(running.startedAt[0]).toBeGreaterThanOrEqual(startAt - 1);
  // The last thread's start is told: by then the others may have asked for something, however late a busy machine was.
  const latest = threads === 1 ? (target.times[0] ?? 0) : clock.now() + 1;
  expect(running.startedAt[0]).toBeLessThanOrEqual(latest);
});

test("scaling names what is wrong", async () => {
  const target = await startTarget();
  const ramping: Load = {
    mode: "ramping-arrival-rate",
    startRate: 1,
    timeUnitMs: 1000,
    stages: [{ durationMs: 600_000, target: 1 }],
    preAllocatedVus: 1,
    maxVus: 1,
  };
  const scenarios = [
    makeScenario(target.url, { mode: "constant-vus", vus: 1, durationMs: 600_000, rampUpMs: 0 }, { pacingMs: 50 }),
    makeScenario(target.url, ramping, { name: "ramping" }),
    makeScenario(
      target.url,
      { mode: "externally-controlled", vus: 1, maxVus: 2, durationMs: null },
      { name: "outside", pacingMs: 50 },
    ),
  ];
  const running = makeRun(makeWorkflow([], { workflow: { scenarios } }), 1);
  await running.run.prepare();
  running.run.start(clock.now(), {});
  await expect(running.run.scale("ramping", 3, 0)).rejects.toMatchObject({ code: "conflict" });
  await expect(running.run.scale("nobody", 3, 0)).rejects.toThrow(
    'there is no scenario "nobody"; this workflow has: default, ramping, outside',
  );
  await expect(running.run.scale("outside", 3, 0)).rejects.toThrow("more than its max_vus of 2");
  await expect(running.run.scale("default", 1.5, 0)).rejects.toMatchObject({ code: "invalid_request" });
  await running.run.scale("default", 3, 0);
  running.run.stop(1000);
  await running.done;
});

test("close in the middle of a run interrupts it, loses no measurement and tells no end", async () => {
  const target = await startTarget();
  const running = makeRun(
    makeWorkflow([], {
      workflow: {
        scenarios: [makeScenario(target.url, { mode: "constant-vus", vus: 5, durationMs: 600_000, rampUpMs: 0 })],
      },
    }),
    2,
  );
  await running.run.prepare();
  running.run.start(clock.now(), {});
  await expect.poll(() => target.seen.length).toBeGreaterThan(10);
  await running.run.close();
  await running.run.close();
  expect(running.sum("iterations")).toBeGreaterThan(0);
  expect(running.sum("http_reqs")).toBeLessThanOrEqual(target.seen.length + 5);
});

test("what cannot be compiled fails prepare, in threads too", async () => {
  const workflow = makeWorkflow([], {
    workflow: {
      scenarios: [
        createScenario(
          { mode: "constant-vus", vus: 2, durationMs: 1000, rampUpMs: 0 },
          { steps: [makeStep("x", { type: "nothing" })] },
        ),
      ],
    },
  });
  for (const threads of [1, 2]) {
    await expect(makeRun(workflow, threads).run.prepare()).rejects.toMatchObject({ name: "EngineError" });
  }
});
