import { type ChildProcess, fork, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { product } from "./support/commands.ts";
import { readTicks } from "./support/read-ticks.ts";
import { readSteal, stealBetween } from "./support/steal.ts";

const slaves = 200;
const seconds = 30;

interface Counts {
  readonly up: number;
  readonly sent: number;
  readonly acknowledged: number;
}

/** A real master on one core takes a frame of 20 series a second from each of 200 slaves; how long its API takes meanwhile. */
export async function benchMaster(): Promise<void> {
  for (const store of ["memory:", "sqlite:bench.db"]) await measure(store);
}

async function measure(store: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "bench-master-"));
  const [node = "", ...args] = product();
  const master = spawn(
    "taskset",
    [
      "-c",
      "0",
      node,
      ...args,
      "master",
      "start",
      "--address",
      "127.0.0.1:0",
      "--store",
      store,
      "--data-dir",
      folder,
      "--max-slaves",
      String(slaves),
    ],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  let fleet: ChildProcess | null = null;
  try {
    const url = await readUrl(master);
    fleet = fork(join(import.meta.dirname, "support", "simulated-slaves.ts"), [url, String(slaves)]);
    spawnSync("taskset", ["-pc", "1", String(fleet.pid)]);
    const counts = () => ask(fleet as ChildProcess);
    await waitFor(async () => (await counts()).up === slaves);
    const id = await submit(url);
    await waitFor(async () => (await counts()).acknowledged > slaves);

    const before = { ticks: readTicks(master.pid), counts: await counts(), steal: await readSteal() };
    const times = await callApi(url, id);
    const after = { ticks: readTicks(master.pid), counts: await counts(), steal: await readSteal() };
    const frames = after.counts.acknowledged - before.counts.acknowledged;
    const behind = after.counts.sent - after.counts.acknowledged;
    const cpu = (after.ticks - before.ticks) / 100;
    const sorted = times.toSorted((left, right) => left - right);
    const at = (share: number) => (sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN).toFixed(1);
    console.log(
      `${store}: ${frames} frames acknowledged in ${seconds} s, ${behind} on their way, ` +
        `${((cpu / frames) * 1e6).toFixed(0)} µs CPU a frame, ${((cpu / seconds) * 100).toFixed(0)} % of the core; ` +
        `${times.length} API calls: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, max ${at(1)} ms; ` +
        `steal ${(stealBetween(before.steal, after.steal) * 100).toFixed(1)} %`,
    );
  } finally {
    fleet?.kill();
    master.kill("SIGKILL");
    await once(master, "close");
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Ten calls a second, each of three kinds in turn; their times, ms. */
async function callApi(url: string, id: string): Promise<number[]> {
  const paths = [`/executions/${id}`, `/executions/${id}/metrics`, "/slaves"];
  const times: number[] = [];
  const end = performance.now() + seconds * 1_000;
  for (let call = 0; performance.now() < end; call++) {
    const from = performance.now();
    const response = await fetch(`${url}/api/v1${paths[call % paths.length]}`);
    await response.text();
    if (!response.ok) throw new Error(`${paths[call % paths.length]}: ${response.status}`);
    times.push(performance.now() - from);
    await sleep(Math.max(0, 100 - (performance.now() - from)));
  }
  return times;
}

async function submit(url: string): Promise<string> {
  const workflow = {
    id: "bench",
    options: { vus: slaves * 100, duration: "10m" },
    steps: [{ id: "get", type: "http", config: { url: "http://127.0.0.1:1/" } }],
  };
  const response = await fetch(`${url}/api/v1/workflows`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ workflow }),
  });
  const answer = (await response.json()) as { readonly execution_id?: string; readonly message?: string };
  if (answer.execution_id === undefined) throw new Error(`refused: ${answer.message}`);
  return answer.execution_id;
}

async function readUrl(master: ChildProcess): Promise<string> {
  let told = "";
  for await (const chunk of master.stderr ?? []) {
    told += String(chunk);
    const [url] = /http:\/\/127\.0\.0\.1:\d+/.exec(told) ?? [];
    if (url !== undefined) {
      master.stderr?.resume();
      return url;
    }
  }
  throw new Error(`the master did not start: ${told}`);
}

async function ask(fleet: ChildProcess): Promise<Counts> {
  const answer = once(fleet, "message");
  fleet.send("counts");
  const [counts] = (await answer) as [Counts];
  return counts;
}

async function waitFor(condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 30_000;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error("not within 30 s");
    await sleep(50);
  }
}
