import { spawn } from "node:child_process";
import { once } from "node:events";
import { get } from "node:http";
import { join } from "node:path";
import { WebSocket } from "ws";
import { noFeeds } from "../src/data/feeds.ts";
import { loadWorkflowObject } from "../src/definition/load-workflow.ts";
import { compileWorkflow } from "../src/flow/compile-workflow.ts";
import { noMeetings } from "../src/flow/rendezvous/meetings.ts";
import { createRecorder } from "../src/measure/thread-recorder.ts";
import { createSystemClock } from "../src/run/system-clock.ts";
import { systemTime } from "../src/run/system-time.ts";

// CPU time and rate of a websocket step (a message and its echo) beside bare ws, and of an sse step (a stream of events to
// its end) beside bare node:http with a split by lines, in turn; the demo target is a process of its own.
// Run: node bench/live.ts [connections] [ms]

const clock = createSystemClock(systemTime);
const [connections = 10, ms = 1_500] = process.argv.slice(2).map(Number);
const rounds = 7;
const events = 1_000;
const child = spawn(process.execPath, [join(import.meta.dirname, "../src/demo/main.ts")], {
  stdio: ["ignore", "pipe", "inherit"],
});
const [printed] = (await once(child.stdout, "data")) as [Buffer];
const { url } = JSON.parse(printed.toString()) as { url: string };
const data = JSON.stringify({ type: "order", customer: "客户", items: [1, 2, 3] });
const stream = `${url}/events/${events}?every=0`;

/** One at a time asks for something, again and again. */
interface Asker {
  ask(): Promise<unknown>;
  close(): void;
}

async function openSocket(): Promise<Asker> {
  const socket = new WebSocket(`${url}/ws`, { perMessageDeflate: false });
  await once(socket, "open");
  const ask = () =>
    new Promise<string>((resolve) => {
      socket.once("message", (answer: Buffer) => resolve(answer.toString()));
      socket.send(data);
    });
  return { ask, close: () => socket.close() };
}

async function readStream(): Promise<void> {
  const [response] = (await once(get(stream, { agent: false }), "response")) as [AsyncIterable<Buffer>];
  const seen: string[] = [];
  let rest = "";
  for await (const chunk of response) {
    const lines = (rest + chunk.toString()).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line.startsWith("data: ")) seen.push(line.slice(6));
  }
  if (seen.length !== events) throw new Error(`${seen.length} events came`);
}

async function compileStep(step: object) {
  const loaded = loadWorkflowObject({ steps: [step] }, { env: {} });
  if ("problems" in loaded) throw new Error(JSON.stringify(loaded.problems));
  const compiled = await compileWorkflow({
    workflow: loaded.workflow,
    inputs: { env: {}, secrets: {} },
    slaveId: "bench",
    connections: {},
    opensFiles: true,
    threads: 1,
    files: new Map(),
    feeds: noFeeds,
    meetings: noMeetings,
    recorder: createRecorder({ clock, masker: (value) => value }),
    clock,
    random: Math.random,
    log: () => undefined,
    permit: { maySend: () => true, refuses: () => null },
    masker: (value) => value,
  });
  const [scenario] = compiled.scenarios;
  if (scenario === undefined) throw new Error("no scenario");
  const { signal } = new AbortController();
  const askers = Array.from({ length: connections }, (_, place): Asker => {
    const vu = scenario.createVu(place + 1, signal);
    return {
      async ask() {
        if ((await scenario.iteration(vu)) !== "passed") throw new Error("an iteration failed");
      },
      close: () => scenario.closeVu(vu),
    };
  });
  return { askers, close: () => compiled.close() };
}

interface Measured {
  readonly cpu: number;
  readonly rate: number;
}

async function measure(askers: readonly Asker[]): Promise<Measured> {
  const end = performance.now() + ms;
  const before = process.cpuUsage();
  const startedAt = performance.now();
  let count = 0;
  await Promise.all(
    askers.map(async ({ ask }) => {
      while (performance.now() < end) {
        await ask();
        count++;
      }
    }),
  );
  const { user, system } = process.cpuUsage(before);
  return { cpu: (user + system) / count, rate: count / ((performance.now() - startedAt) / 1_000) };
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

/** `messages`: how many one asking brings. */
async function compare(name: string, messages: number, alone: readonly Asker[], step: object): Promise<void> {
  const ours = await compileStep(step);
  await measure(alone);
  await measure(ours.askers);
  const seen: [Measured, Measured][] = [];
  for (let round = 0; round < rounds; round++) seen.push([await measure(alone), await measure(ours.askers)]);
  const print = (place: 0 | 1) => {
    const cpu = median(seen.map((pair) => pair[place].cpu)) / messages;
    const rate = median(seen.map((pair) => pair[place].rate)) * messages;
    return `${cpu.toFixed(2)} µs CPU, ${Math.round(rate)} messages/s`;
  };
  const ratio = median(seen.map(([one, other]) => other.cpu / one.cpu));
  const pace = median(seen.map(([one, other]) => one.rate / other.rate));
  console.log(`${name}: bare ${print(0)}; step ${print(1)}; CPU × ${ratio.toFixed(2)}, time × ${pace.toFixed(2)}`);
  for (const asker of [...alone, ...ours.askers]) asker.close();
  await ours.close();
}

const sockets = await Promise.all(Array.from({ length: connections }, openSocket));
await compare("websocket", 1, sockets, { type: "websocket", config: { url: `${url}/ws`, data, count: 1 } });
const readers = Array.from({ length: connections }, () => ({ ask: readStream, close: () => undefined }));
await compare("sse", events, readers, { type: "sse", config: { url: stream, count: "all" } });
child.kill();
