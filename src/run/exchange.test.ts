import { expect, test } from "vitest";
import { waitUntil } from "../../test/support/cluster.ts";
import { type Arrival, startTestTarget } from "../../test/support/counting-target.ts";
import {
  clock,
  cutNamed,
  listVus,
  makeTestSlave,
  planTellingLoad,
  shareOf,
  type TestSlave,
  wait,
} from "../../test/support/shared-load.ts";
import { cutWindows, listWindowsBefore } from "../plan/cut-windows.ts";
import { unpackHalted } from "../plan/halted-vus.ts";
import { packIndices } from "../plan/move-indices.ts";
import type { Load } from "../protocol/load.ts";
import type { IterationRange, ScenarioShare, Share, VuIteration } from "../protocol/plan.ts";
import { createSeededRandom } from "../flow/seeded-random.ts";

// Two share runs are two slaves; the test is the owner that moves VUs, windows and iterations between them.

const partOf = (share: Share): ScenarioShare => share.scenarios[0] as ScenarioShare;
const repeated = (values: readonly string[]) => values.filter((value, at) => values.indexOf(value) !== at);
const sumOf = (slaves: readonly TestSlave[], ...metrics: string[]) =>
  slaves.reduce((sum, slave) => sum + metrics.reduce((all, metric) => all + slave.sum(metric), 0), 0);

async function startBoth(slaves: readonly TestSlave[]): Promise<number> {
  await Promise.all(slaves.map(({ run }) => run.prepare()));
  const startAt = clock.now() + 30;
  for (const { run } of slaves) run.start(startAt, {});
  return startAt;
}

const pauseAll = (slaves: readonly TestSlave[], at: number) => Promise.all(slaves.map(({ run }) => run.pause(at)));
const resumeAll = (slaves: readonly TestSlave[], at: number, timeMs: number) =>
  Promise.all(slaves.map(({ run }) => run.resume(at, timeMs)));

/** A suspension of one slave, or a pause of both, between moves. */
async function disturb(slaves: readonly TestSlave[], random: () => number): Promise<void> {
  const what = random();
  if (what < 0.3) {
    const slave = slaves[Math.floor(random() * slaves.length)] as TestSlave;
    slave.run.suspend();
    await wait(20 + random() * 60);
    slave.run.goOn();
  } else if (what < 0.6) {
    const times = await pauseAll(slaves, 0);
    await wait(20 + random() * 60);
    await resumeAll(slaves, clock.now(), Math.min(...times));
  }
}

/** All stand at one test time, also those who were late to hear of the first; gives how many arrivals were due by then. */
async function standTogether(slaves: readonly TestSlave[], rate: number): Promise<number> {
  for (let leadMs = 500; ; leadMs *= 2) {
    const now = Math.max(...(await pauseAll(slaves, 0)));
    await resumeAll(slaves, clock.now(), now);
    // Between two arrivals.
    const whole = Math.ceil(((now + leadMs) / 1000) * rate);
    const at = ((whole + 0.5) / rate) * 1000;
    const stops = await pauseAll(slaves, at);
    if (stops.every((stop) => stop === at)) return whole + 1;
    await resumeAll(slaves, clock.now(), Math.max(...stops));
  }
}

/** Deals the indices anew, at random. */
function dealAnew(all: readonly number[], random: () => number): number[][] {
  const dealt: number[][] = [[], []];
  const bias = random();
  for (const index of all) dealt[random() < bias ? 0 : 1]?.push(index);
  return dealt;
}

const seeds = process.env["LONG_TESTS"] === "1" ? [1, 2, 3, 4] : [1];
const cases = [1, 3].flatMap((threads) => seeds.map((seed) => [threads, seed] as const));
/** On a busy machine six threads alone take half a minute to start. */
const patience = { timeout: 180_000 };

test.each(cases)(
  "%i thread(s), seed %i: every arrival is started once, whoever holds its window",
  patience,
  async (threads, seed) => {
    const random = createSeededRandom(seed);
    const target = await startTestTarget(3);
    const rate = 100;
    const load: Load = {
      mode: "constant-arrival-rate",
      rate,
      timeUnitMs: 1000,
      durationMs: 600_000,
      preAllocatedVus: 30,
      maxVus: 30,
    };
    const plan = planTellingLoad(target.url, load);
    let shares = cutNamed(plan, [1, 1]);
    const slaves = shares.map((share, at) => makeTestSlave({ id: `s${at}`, threads, plan, share }));
    await startBoth(slaves);
    const all = shares.flatMap(listVus).toSorted((a, b) => a - b);
    for (let move = 0; move < 3; move++) {
      const vus = dealAnew(all, random);
      let kept: Share[] = [];
      const letGo = (cut: number) => {
        kept = shares.map((share, at) => {
          const own = new Set(vus[at]);
          return shareOf({
            vus: packIndices(listVus(share).filter((index) => own.has(index))),
            arrivals: listWindowsBefore(partOf(share).arrivals, cut),
          });
        });
        return Promise.all(slaves.map(({ run }, at) => run.release(kept[at] as Share)));
      };
      const times = await pauseAll(slaves, 0);
      const at = clock.now();
      /** The furthest that a clock may show by now: it may stand once more. */
      const latestMs = () => Math.max(...times) + clock.now() - at;
      const planCut = () => Math.ceil(((latestMs() + 700) / 1000) * rate);
      let cut = planCut();
      // A slave that keeps no VU answers after the cut: it hears of it while its clock stands.
      const early = vus.some(({ length }) => length === 0) ? letGo(cut) : null;
      await resumeAll(slaves, at, Math.max(...times));
      await disturb(slaves, random);
      await early;
      // As an owner does: the cut is put off as long as somebody who was late to hear of it may have passed it.
      while (early === null) {
        cut = planCut();
        await letGo(cut);
        if (latestMs() < (cut / rate) * 1000 - 1) break;
      }
      const windows = cutWindows(
        [{ from: cut, to: null, period: 1, offsets: [0] }],
        vus.map(({ length }) => length),
      );
      shares = kept.map((share, at) =>
        shareOf({
          vus: packIndices(vus[at] ?? []),
          arrivals: [...partOf(share).arrivals, ...(windows[at] ?? [])],
        }),
      );
      slaves.forEach(({ run }, at) => run.grant(shares[at] as Share));
    }
    const due = await standTogether(slaves, rate);
    const countAll = () => sumOf(slaves, "iterations", "dropped_iterations", "interrupted_iterations");
    await expect.poll(countAll).toBe(due);
    for (const { run } of slaves) run.stop(60_000);
    await Promise.all(slaves.map(({ done }) => done));
    const arrivals = await target.list();
    expect(slaves.flatMap(({ faults }) => faults)).toEqual([]);
    expect(repeated(arrivals.map(({ iteration }) => `${iteration}`))).toEqual([]);
    expect(countAll()).toBe(due);
    expect(sumOf(slaves, "http_reqs")).toBe(arrivals.length);
    expect(new Set(arrivals.map(({ slave }) => slave))).toEqual(new Set(["s0", "s1"]));
  },
);

test.each(cases)("%i thread(s), seed %i: iterations of a VU go on where it went", patience, async (threads, seed) => {
  const random = createSeededRandom(seed);
  const target = await startTestTarget(3);
  const load: Load = { mode: "per-vu-iterations", vus: 12, iterations: 60, maxDurationMs: 600_000 };
  const plan = planTellingLoad(target.url, load, { pacingMs: 10 });
  let shares = cutNamed(plan, [2, 1]);
  /** Those with nothing to do since the latest grant. */
  const idle = new Set<number>();
  const slaves: TestSlave[] = shares.map((share, at) =>
    makeTestSlave({
      id: `s${at}`,
      threads,
      plan,
      share,
      onIdle: () => idle.add(at),
      onClaim(scenario, through) {
        clock.at(clock.now() + 5, () => slaves[at]?.run.claimed(scenario, through));
      },
    }),
  );
  await startBoth(slaves);
  const all = shares.flatMap(listVus).toSorted((a, b) => a - b);
  for (let move = 0; move < 4; move++) {
    await wait(40 + random() * 60);
    await disturb(slaves, random);
    const vus = dealAnew(all, random);
    const kept = shares.map((share, at) => {
      const own = new Set(vus[at]);
      return shareOf({ vus: packIndices(listVus(share).filter((index) => own.has(index))) });
    });
    const released = await Promise.all(slaves.map(({ run }, at) => run.release(kept[at] as Share)));
    const begun = released.flatMap(({ begun: byScenario }): readonly VuIteration[] => byScenario[0] ?? []);
    expect(begun.map(([vu]) => vu).toSorted((a, b) => a - b)).toEqual(
      all.filter((index) => !kept.some((share) => listVus(share).includes(index))),
    );
    shares = vus.map((own) => shareOf({ vus: packIndices(own), begun: begun.filter(([vu]) => own.includes(vu)) }));
    idle.clear();
    slaves.forEach(({ run }, at) => run.grant(shares[at] as Share));
  }
  await waitUntil(
    async () => idle.size === slaves.length,
    120_000,
    () => `${[...idle].join(", ")} have nothing to do`,
  );
  expect(slaves.map((slave) => slave.isDone())).toEqual([false, false]);
  for (const { run } of slaves) run.stop(0);
  await Promise.all(slaves.map(({ done }) => done));
  const arrivals = await target.list();
  expect(slaves.flatMap(({ faults }) => faults)).toEqual([]);
  expect(repeated(arrivals.map(({ iteration }) => `${iteration}`))).toEqual([]);
  expect(sumOf(slaves, "dropped_iterations")).toBe(0);
  expect(sumOf(slaves, "iterations", "interrupted_iterations")).toBe(720);
  const halted = slaves.flatMap(({ frames }) => frames).flatMap((frame) => frame.halted ?? []);
  const begun = unpackHalted(plan.scenarios[0]?.scenario.name ?? "", halted, 12);
  expect([...begun].toSorted(([a], [b]) => a - b)).toEqual(all.map((vu) => [vu, 60]));
  expect(sumOf(slaves, "http_reqs")).toBe(arrivals.length);
});

test.each(cases)(
  "%i thread(s), seed %i: shared iterations are begun once, whoever was allotted them",
  patience,
  async (threads, seed) => {
    const random = createSeededRandom(seed);
    const target = await startTestTarget(2);
    const load: Load = { mode: "shared-iterations", vus: 8, iterations: 1500, maxDurationMs: 600_000 };
    const plan = planTellingLoad(target.url, load);
    let pool: IterationRange[] = [[0, 1500]];
    let moving = true;
    const block = 60;
    const draw = (): IterationRange[] => {
      const first = pool.shift();
      if (first === undefined) return [];
      const [from, to] = first;
      if (to - from > block) pool.unshift([from + block, to]);
      return [[from, Math.min(to, from + block)]];
    };
    let shares = cutNamed(plan, [1, 1]).map((share) => shareOf({ vus: partOf(share).vus, iterations: draw() }));
    const wanting = new Set<number>();
    /** A slave asks by its rate, also for a while after its last VU: it gets nothing until it has one again. */
    const holding = shares.map(() => true);
    const serve = (at: number) => {
      if (holding[at] === false) {
        wanting.add(at);
        return;
      }
      const ranges = draw();
      if (ranges.length === 0 && moving) {
        wanting.add(at);
        return;
      }
      wanting.delete(at);
      slaves[at]?.run.allot("default", ranges, ranges.length === 0);
    };
    const slaves: TestSlave[] = shares.map((share, at) =>
      makeTestSlave({ id: `s${at}`, threads, plan, share, onWant: () => clock.at(clock.now() + 5, () => serve(at)) }),
    );
    await startBoth(slaves);
    const all = shares.flatMap(listVus).toSorted((a, b) => a - b);
    for (let move = 0; move < 4; move++) {
      await wait(50 + random() * 80);
      await disturb(slaves, random);
      const vus = move === 2 ? [[...all], []] : dealAnew(all, random);
      const kept = shares.map((share, at) => {
        const own = new Set(vus[at]);
        return shareOf({ vus: packIndices(listVus(share).filter((index) => own.has(index))) });
      });
      kept.forEach((share, at) => {
        holding[at] = listVus(share).length > 0;
      });
      const released = await Promise.all(slaves.map(({ run }, at) => run.release(kept[at] as Share)));
      pool.push(...released.flatMap(({ unstarted }) => unstarted[0] ?? []));
      shares = vus.map((own) => shareOf({ vus: packIndices(own) }));
      slaves.forEach(({ run }, at) => {
        run.grant(shares[at] as Share);
        holding[at] = listVus(shares[at] as Share).length > 0;
      });
      for (const at of wanting) serve(at);
    }
    moving = false;
    for (const at of wanting) serve(at);
    // One that holds no VU is given nothing: it is told by itself.
    await Promise.race(slaves.map(({ done }) => done));
    for (const { run } of slaves) run.allot("default", [], true);
    await Promise.all(slaves.map(({ done }) => done));
    const arrivals = await target.list();
    expect(slaves.flatMap(({ faults }) => faults)).toEqual([]);
    expect(repeated(arrivals.map(({ iteration }) => `${iteration}`))).toEqual([]);
    const left = pool.reduce((sum, [from, to]) => sum + to - from, 0);
    expect(sumOf(slaves, "iterations", "interrupted_iterations", "dropped_iterations") + left).toBe(1500);
    expect(left).toBe(0);
    expect(sumOf(slaves, "http_reqs")).toBe(arrivals.length);
    pool = [];
  },
);

test("VUs that are kept are never restarted: their connections stay", patience, async () => {
  const target = await startTestTarget(1);
  const plan = planTellingLoad(
    target.url,
    { mode: "constant-vus", vus: 6, durationMs: 600_000, rampUpMs: 0 },
    { pacingMs: 20 },
  );
  const [a, b] = cutNamed(plan, [1, 1]) as [Share, Share];
  const slaves = [a, b].map((share, at) => makeTestSlave({ id: `s${at}`, threads: 2, plan, share }));
  await startBoth(slaves);
  await expect.poll(() => target.count()).toBeGreaterThan(60);
  const [mine, theirs] = slaves as [TestSlave, TestSlave];
  const moved = listVus(b);
  await theirs.run.release(shareOf({}));
  const before = lastOf(await target.list(), moved);
  mine.run.grant(shareOf({ vus: packIndices([...listVus(a), ...moved].toSorted((x, y) => x - y)) }));
  await expect
    .poll(async () => {
      const now = lastOf(await target.list(), moved);
      return moved.filter((vu) => (now.get(vu) ?? 0) <= (before.get(vu) ?? 0) + 10);
    })
    .toEqual([]);
  for (const { run } of slaves) run.stop(60_000);
  await Promise.all(slaves.map(({ done }) => done));
  const arrivals = await target.list();
  for (const vu of listVus(a)) {
    const own = arrivals.filter((arrival) => arrival.vu === vu);
    expect(own.every(({ slave }) => slave === "s0")).toBe(true);
    // A VU that began anew would number its iterations from the beginning.
    expect(own.map(({ iteration }) => iteration)).toEqual(own.map((_, at) => at * 6 + vu - 1));
  }
  for (const vu of moved) {
    const own = arrivals.filter((arrival) => arrival.vu === vu);
    const last = before.get(vu) ?? 0;
    expect(own.slice(0, last).every(({ slave }) => slave === "s1")).toBe(true);
    expect(own.slice(last).every(({ slave }) => slave === "s0")).toBe(true);
  }
});

/** How many requests of each VU there were. */
function lastOf(arrivals: readonly Arrival[], vus: readonly number[]): Map<number, number> {
  return new Map(vus.map((vu) => [vu, arrivals.filter((arrival) => arrival.vu === vu).length]));
}
