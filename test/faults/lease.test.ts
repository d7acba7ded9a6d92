import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import type { Load } from "../../src/protocol/load.ts";
import { type Arrival, startTestTarget } from "../support/counting-target.ts";
import type { LeaseFact, LeaseOrder } from "../support/lease-process.ts";
import { wait } from "../support/shared-load.ts";

const entry = fileURLToPath(new URL("../support/lease-process.ts", import.meta.url));

async function startProcess(url: string, threads: number, load: Load, pacingMs: number): Promise<ChildProcess> {
  const child = fork(entry, [url, `${threads}`, JSON.stringify(load), `${pacingMs}`]);
  onTestFinished(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  });
  await learn(child, "started");
  return child;
}

async function learn<Type extends LeaseFact["type"]>(
  child: ChildProcess,
  type: Type,
): Promise<LeaseFact & { readonly type: Type }> {
  for (;;) {
    const [fact] = (await once(child, "message", { signal: AbortSignal.timeout(30_000) })) as [LeaseFact];
    if (fact.type === type) return fact as LeaseFact & { readonly type: Type };
  }
}

const say = (child: ChildProcess, order: LeaseOrder) => child.send(order);
const between = (arrivals: readonly Arrival[], from: number, to: number) =>
  arrivals.filter(({ at }) => at > from && at < to);

const loads: readonly (readonly [name: string, threads: number, load: Load, pacingMs: number])[] = [
  ["looping VUs", 1, { mode: "constant-vus", vus: 40, durationMs: 60_000, rampUpMs: 0 }, 0],
  ["looping VUs on two threads", 2, { mode: "constant-vus", vus: 40, durationMs: 60_000, rampUpMs: 0 }, 0],
  ["VUs that wait by timers", 1, { mode: "constant-vus", vus: 300, durationMs: 60_000, rampUpMs: 0 }, 200],
  [
    "arrivals",
    2,
    {
      mode: "constant-arrival-rate",
      rate: 500,
      timeUnitMs: 1000,
      durationMs: 60_000,
      preAllocatedVus: 50,
      maxVus: 50,
    },
    0,
  ],
];

test.each(loads)(
  "frozen for longer than its lease, not one request slips out of %s; renewed, it goes on",
  async (_, threads, load, pacingMs) => {
    const target = await startTestTarget(20);
    const child = await startProcess(target.url, threads, load, pacingMs);
    await expect.poll(() => target.count()).toBeGreaterThan(150);
    say(child, { type: "renew", forMs: 400 });
    await wait(150);
    child.kill("SIGSTOP");
    await wait(1_000);
    const thawedAt = Date.now();
    child.kill("SIGCONT");
    await wait(700);
    const renewedAt = Date.now();
    const before = await target.count();
    say(child, { type: "renew", forMs: 30_000 });
    await expect.poll(() => target.count()).toBeGreaterThan(before + 150);
    say(child, { type: "stop" });
    const { sums, faults } = await learn(child, "sums");
    const arrivals = await target.list();
    expect(faults).toEqual([]);
    // One operation per thread may have been checked before the freeze.
    expect(between(arrivals, thawedAt - 100, renewedAt).length).toBeLessThanOrEqual(threads);
    expect(sums["http_reqs"]).toBe(arrivals.length);
  },
);

test("a lease that ends while the process runs cuts what runs and stops the load by itself, without a busy loop", async () => {
  const target = await startTestTarget(20);
  const load: Load = { mode: "constant-vus", vus: 40, durationMs: 60_000, rampUpMs: 0 };
  const child = await startProcess(target.url, 2, load, 0);
  await expect.poll(() => target.count()).toBeGreaterThan(100);
  say(child, { type: "renew", forMs: 500 });
  const quiet = { count: -1 };
  await expect
    .poll(
      async () => {
        const { count } = quiet;
        quiet.count = await target.count();
        return quiet.count === count;
      },
      { interval: 300 },
    )
    .toBe(true);
  const before = await readCpuMs(child.pid ?? 0);
  await wait(1_000);
  expect((await readCpuMs(child.pid ?? 0)) - before).toBeLessThan(150);
  const arrivals = await target.list();
  expect(arrivals.length).toBe(quiet.count);
  say(child, { type: "stop" });
  const { sums } = await learn(child, "sums");
  expect(sums["http_reqs"]).toBe(arrivals.length);
  // Nearly every VU waited for an answer when the lease ended.
  expect(sums["interrupted_iterations"]).toBeGreaterThan(0);
});

/** CPU time of a process and its threads, in steps of 10 ms. */
async function readCpuMs(pid: number): Promise<number> {
  const fields = (await readFile(`/proc/${pid}/stat`, "utf8")).replace(/^.*\) /, "").split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}
