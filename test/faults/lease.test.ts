import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import type { Load } from "../../src/protocol/load.ts";
import { countQuiet, startTestTarget } from "../support/counting-target.ts";
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
    const [fact] = (await once(child, "message", { signal: AbortSignal.timeout(60_000) })) as [LeaseFact];
    if (fact.type === type) return fact as LeaseFact & { readonly type: Type };
  }
}

const say = (child: ChildProcess, order: LeaseOrder) => child.send(order);

/** Gives it a lease of so long; resolves when it has it. */
async function renew(child: ChildProcess, forMs: number): Promise<void> {
  const renewed = learn(child, "renewed");
  say(child, { type: "renew", forMs });
  await renewed;
}

const timeout = 240_000;

const loads: readonly (readonly [name: string, threads: number, load: Load, pacingMs: number])[] = [
  ["looping VUs", 1, { mode: "constant-vus", vus: 40, durationMs: 600_000, rampUpMs: 0 }, 0],
  ["looping VUs on two threads", 2, { mode: "constant-vus", vus: 40, durationMs: 600_000, rampUpMs: 0 }, 0],
  ["VUs that wait by timers", 1, { mode: "constant-vus", vus: 300, durationMs: 600_000, rampUpMs: 0 }, 200],
  [
    "arrivals",
    2,
    {
      mode: "constant-arrival-rate",
      rate: 500,
      timeUnitMs: 1000,
      durationMs: 600_000,
      preAllocatedVus: 50,
      maxVus: 50,
    },
    0,
  ],
];

test.for(loads)(
  "frozen for longer than its lease, not one request slips out of %s; renewed, it goes on",
  { timeout },
  async ([, threads, load, pacingMs]) => {
    const target = await startTestTarget(20);
    const child = await startProcess(target.url, threads, load, pacingMs);
    await expect.poll(() => target.count()).toBeGreaterThan(150);
    await renew(child, 2_000);
    child.kill("SIGSTOP");
    await wait(2_500);
    const frozen = await countQuiet(target);
    child.kill("SIGCONT");
    await wait(700);
    const before = await countQuiet(target);
    // One operation per thread may have been checked before the freeze.
    expect(before - frozen).toBeLessThanOrEqual(threads);
    await renew(child, 600_000);
    await expect.poll(() => target.count()).toBeGreaterThan(before + 150);
    const told = learn(child, "sums");
    say(child, { type: "stop" });
    const { sums, faults } = await told;
    expect(faults).toEqual([]);
    expect(sums["http_reqs"]).toBe(await countQuiet(target));
  },
);

test("a lease that ends while the process runs cuts what runs and stops the load by itself, without a busy loop", {
  timeout,
}, async () => {
  const target = await startTestTarget(500);
  const load: Load = { mode: "constant-vus", vus: 40, durationMs: 600_000, rampUpMs: 0 };
  const child = await startProcess(target.url, 2, load, 0);
  await expect.poll(() => target.count()).toBeGreaterThan(100);
  await renew(child, 500);
  await wait(500);
  const quiet = await countQuiet(target);
  // A second with nothing to do, and a few more of them: what the process makes machine code of is no loop.
  const busy: number[] = [];
  while (busy.length < 10 && !(Math.min(...busy) < 150)) {
    const before = await readCpuMs(child.pid ?? 0);
    await wait(1_000);
    busy.push((await readCpuMs(child.pid ?? 0)) - before);
  }
  expect(Math.min(...busy), `CPU time in a second: ${busy.join(", ")} ms`).toBeLessThan(150);
  expect(await target.count()).toBe(quiet);
  const told = learn(child, "sums");
  say(child, { type: "stop" });
  const { sums } = await told;
  expect(sums["http_reqs"]).toBe(await countQuiet(target));
  // Nearly every VU waited for an answer when the lease ended.
  expect(sums["interrupted_iterations"]).toBeGreaterThan(0);
});

/** CPU time of a process and its threads, in steps of 10 ms. */
async function readCpuMs(pid: number): Promise<number> {
  const fields = (await readFile(`/proc/${pid}/stat`, "utf8")).replace(/^.*\) /, "").split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}
