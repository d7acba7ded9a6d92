import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { clientCore, productClient } from "./support/clients.ts";
import { measureCommand } from "./support/measure-command.ts";
import { serverCore, startNginx } from "./support/nginx.ts";

/** What V8's sampling profiler writes. */
interface Profile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  /** Ids of nodes; the time between two says nothing, for a process that has to wait for its core is not sampled. */
  readonly samples: readonly number[];
}

/** Where a function of ours stands, and the script that measures it by itself. The first that fits counts. */
const places: readonly (readonly [pattern: RegExp, part: string, micro: string])[] = [
  [/\/run\/system-(?:time|clock)\./, "ours: the clock", "clock.ts"],
  [/\/http\/(?:operation|series|result|session|measured-exchange)\./, "ours: the http step", "http-step.ts"],
  [/\/http\/(?:answer-reader|head|head-memory|chunks)\./, "ours: reading answers", "parser.ts"],
  [/\/http\//, "ours: connections", "transport.ts"],
  [/\/(?:flow|executors)\//, "ours: steps and what is around them", "flow.ts"],
  [/\/expression\//, "ours: templates and conditions", "expression.ts"],
  [/\/measure\//, "ours: recording", "histogram.ts"],
  [/\/run\//, "ours: the VU loop", "vu-loop.ts"],
];
const natives: readonly (readonly [pattern: RegExp, part: string])[] = [
  [/^\(garbage collector\)$/, "garbage collector"],
  [/^\(program\)$/, "waiting for sockets, reading, Node in C++"],
  [/^(?:write|writev|shutdown|read|connect)\w*$/i, "writing to sockets (the system)"],
  [/^hrtime$/, "ours: the clock"],
];
const startUp = "start-up and report";
const nodesOwn = "Node's sockets and streams in JavaScript";

/** The share of one function above which it wants a micro-benchmark. */
const limit = 0.03;

/** Where each microsecond of the plain keep-alive GET goes (50 VUs, one thread), and every function of ours above 3 % of it. */
export async function benchProfile(seconds: number): Promise<void> {
  const target = await startNginx(serverCore);
  const folder = await mkdtemp(join(tmpdir(), "bench-profile-"));
  try {
    const { command, requests } = await productClient(folder, "get", {
      options: { vus: 50, duration: `${seconds}s` },
      steps: [{ id: "get", type: "http", config: { url: target.url }, assert: [{ type: "status", value: 200 }] }],
    });
    const [node = "", ...args] = command;
    const profiler = ["--cpu-prof", `--cpu-prof-dir=${folder}`, "--cpu-prof-interval=200"];
    const cost = await measureCommand([node, ...profiler, ...args], clientCore);
    const count = requests(cost);
    if (!(count > 0)) throw new Error(`the run failed: ${cost.stderr.slice(-2_000)}`);
    const files = (await readdir(folder)).filter((name) => name.endsWith(".cpuprofile"));
    const profiles = await Promise.all(files.map(async (name) => readFile(join(folder, name), "utf8")));
    printShares(
      profiles.map((text) => JSON.parse(text) as Profile),
      { requests: count, us: (cost.userSeconds + cost.systemSeconds) * 1e6 },
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
    await target.close();
  }
}

/** Gives the CPU of the whole process to what was seen running. */
function printShares(profiles: readonly Profile[], spent: { readonly requests: number; readonly us: number }): void {
  const parts = new Map<string, number>();
  const functions = new Map<string, { seen: number; readonly micro: string }>();
  let total = 0;
  for (const { nodes, samples } of profiles) {
    const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
    for (const id of samples) {
      const frame = frames.get(id);
      if (frame === undefined || frame.functionName === "(idle)") continue;
      const { part, micro } = findPlace(frame.functionName, frame.url);
      total++;
      parts.set(part, (parts.get(part) ?? 0) + 1);
      if (micro === null) continue;
      const file = frame.url.slice(frame.url.lastIndexOf("/dist/") + 6);
      const name = `${frame.functionName || "(anonymous)"} ${file}:${frame.lineNumber + 1}`;
      const known = functions.get(name) ?? { seen: 0, micro };
      known.seen++;
      functions.set(name, known);
    }
  }
  const per = (seen: number) => {
    const share = seen / total;
    return `${((share * spent.us) / spent.requests).toFixed(2).padStart(8)} us ${(share * 100).toFixed(1).padStart(6)} %`;
  };
  console.log(`${spent.requests} requests, ${total} samples that were not idle; of the process's CPU each request has`);
  for (const [part, seen] of sort(parts, (value) => value)) console.log(`${part.padEnd(48)}${per(seen)}`);
  console.log(`${"together".padEnd(48)}${per(total)}`);
  const ranked = sort(functions, ({ seen }) => seen);
  const above = ranked.filter(([, { seen }]) => seen > total * limit);
  console.log(`functions of ours above ${limit * 100} %: ${above.length}; the largest, and what measures them:`);
  for (const [name, { seen, micro }] of ranked.slice(0, Math.max(12, above.length)))
    console.log(`${name.padEnd(48)}${per(seen)}  ${micro}`);
}

/** `micro`: of a function of ours on the hot path; null otherwise. */
function findPlace(name: string, url: string): { readonly part: string; readonly micro: string | null } {
  if (url.includes("/dist/")) {
    for (const [pattern, part, micro] of places) if (pattern.test(url)) return { part, micro };
    return { part: startUp, micro: null };
  }
  const native = url === "" ? natives.find(([pattern]) => pattern.test(name)) : undefined;
  if (native !== undefined) return { part: native[1], micro: null };
  const live = /^node:(?:net|events|tls|buffer|internal\/(?:stream|js_stream|timers|process\/task|async_hooks|util))/;
  return { part: live.test(url) ? nodesOwn : startUp, micro: null };
}

function sort<Value>(map: ReadonlyMap<string, Value>, by: (value: Value) => number): [string, Value][] {
  return [...map].toSorted(([, one], [, other]) => by(other) - by(one));
}
