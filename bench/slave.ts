import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { product } from "./support/commands.ts";
import { startNginx, type Target } from "./support/nginx.ts";
import { readTicks } from "./support/read-ticks.ts";
import { readSteal, stealBetween } from "./support/steal.ts";

const pairs = 7;
const seconds = 6;

/** CPU per request of a slave under a master against `run`'s, interleaved; each is measured over its load alone. */
export async function benchSlave(): Promise<void> {
  const target = await startNginx("1");
  const folder = mkdtempSync(join(tmpdir(), "bench-slave-"));
  const before = await readSteal();
  try {
    const options = { vus: 50, duration: `${seconds}s` };
    const steps = [{ id: "get", type: "http", config: { url: target.url }, assert: [{ type: "status", value: 200 }] }];
    const file = join(folder, "bench.json");
    writeFileSync(file, JSON.stringify({ id: "bench", options, steps }));
    const ratios: number[] = [];
    const own: number[] = [];
    for (let pair = 0; pair < pairs; pair++) {
      const turns = [() => measureRun(file, target), () => measureSlave(file, folder, target)];
      const [first, second] = pair % 2 === 0 ? [0, 1] : [1, 0];
      const costs = [0, 0];
      costs[first] = await (turns[first] as () => Promise<number>)();
      costs[second] = await (turns[second] as () => Promise<number>)();
      ratios.push((costs[1] ?? 0) / (costs[0] ?? 1));
      own.push(costs[0] ?? 0);
    }
    const sorted = ratios.toSorted((left, right) => left - right);
    const steal = stealBetween(before, await readSteal());
    console.log(
      `a slave's CPU per request is ${(sorted[pairs >> 1] ?? Number.NaN).toFixed(3)} x run's (median of ${pairs} interleaved pairs: ` +
        `${sorted.map((ratio) => ratio.toFixed(3)).join(" ")}), steal ${(steal * 100).toFixed(1)} %`,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
    await target.close();
  }
}

/** Both are read while the load runs, so that neither start-up nor the end counts. */
async function sample(pid: number | undefined, { countServed }: Target): Promise<number> {
  await sleep(1_500);
  const from = { ticks: readTicks(pid), requests: await countServed() };
  await sleep((seconds - 3) * 1_000);
  const to = { ticks: readTicks(pid), requests: await countServed() };
  return (to.ticks - from.ticks) / (to.requests - from.requests);
}

async function measureRun(file: string, target: Target): Promise<number> {
  const [node = "", ...args] = product();
  const child = spawn("taskset", ["-c", "0", node, ...args, "run", file, "--threads", "1", "-q"], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  await waitForLoad(target);
  const cost = await sample(child.pid, target);
  if (child.exitCode === null) await once(child, "close");
  return cost;
}

async function measureSlave(file: string, folder: string, target: Target): Promise<number> {
  const [node = "", ...args] = product();
  // The master shares the target's core: only the slave is measured.
  const start = (core: string, ...more: string[]) =>
    spawn("taskset", ["-c", core, node, ...args, ...more], { stdio: ["ignore", "pipe", "pipe"] });
  const master = start("1", "master", "start", "--address", "127.0.0.1:0", "--store", "memory:", "--data-dir", folder);
  let slave: ReturnType<typeof start> | null = null;
  try {
    const url = await readMatch(master.stderr, /http:\/\/127\.0\.0\.1:\d+/);
    slave = start("0", "slave", "start", "--master", url, "--id", "s", "--threads", "1", "--address", "127.0.0.1:0");
    await readMatch(slave.stdout, /joined/);
    const submit = start("1", "submit", file, "--master", url, "-q");
    for (const output of [master.stdout, slave.stderr, submit.stdout, submit.stderr]) output.resume();
    await waitForLoad(target);
    const cost = await sample(slave.pid, target);
    if (submit.exitCode === null) await once(submit, "close");
    return cost;
  } finally {
    slave?.kill("SIGKILL");
    master.kill("SIGKILL");
  }
}

async function waitForLoad({ countServed }: Target): Promise<void> {
  const from = await countServed();
  const deadline = performance.now() + 15_000;
  while ((await countServed()) < from + 1_000) {
    if (performance.now() > deadline) throw new Error("the load did not begin within 15 s");
    await sleep(20);
  }
}

async function readMatch(stream: NodeJS.ReadableStream, pattern: RegExp): Promise<string> {
  let told = "";
  for await (const chunk of stream) {
    told += String(chunk);
    const [match] = pattern.exec(told) ?? [];
    if (match !== undefined) return match;
  }
  throw new Error(`ended before ${pattern} was seen: ${told}`);
}
