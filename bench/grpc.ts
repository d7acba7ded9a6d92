import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { Client, credentials, Metadata } from "@grpc/grpc-js";
import protobuf from "protobufjs";
import { noFeeds } from "../src/data/feeds.ts";
import { loadWorkflowObject } from "../src/definition/load-workflow.ts";
import { compileWorkflow } from "../src/flow/compile-workflow.ts";
import { noMeetings } from "../src/flow/rendezvous/meetings.ts";
import { openWorkflowFolder } from "../src/local/workflow-folder.ts";
import { createRecorder } from "../src/measure/thread-recorder.ts";
import { createSystemClock } from "../src/run/system-clock.ts";
import { systemTime } from "../src/run/system-time.ts";

// CPU time and rate of a grpc step (a unary call whose answer is decoded) beside bare grpc-js doing the same, in turn,
// each on as many connections; the server is a process of its own. Run: node bench/grpc.ts [connections] [ms]

const clock = createSystemClock(systemTime);
const [connections = 10, ms = 1_500] = process.argv.slice(2).map(Number);
const rounds = 7;
const folder = join(import.meta.dirname, "../examples/grpc");
const child = spawn(process.execPath, [join(folder, "server.mjs"), "0"], { stdio: ["ignore", "pipe", "inherit"] });
const [printed] = (await once(child.stdout, "data")) as [Buffer];
const address = /127\.0\.0\.1:\d+/.exec(printed.toString())?.[0] ?? "";

/** One at a time asks for something, again and again. */
interface Asker {
  ask(): Promise<unknown>;
  close(): void;
}

const root = protobuf.loadSync(join(folder, "orders.proto"));
const request = root.lookupType("shop.v1.PlaceRequest");
const order = root.lookupType("shop.v1.Order");

function openBare(): Asker {
  const client = new Client(address, credentials.createInsecure(), { "grpc.use_local_subchannel_pool": 1 });
  const metadata = new Metadata();
  metadata.set("authorization", "Bearer demo");
  return {
    ask: () =>
      new Promise((resolve, reject) => {
        client.makeUnaryRequest(
          "/shop.v1.Orders/Place",
          (value: object) => Buffer.from(request.encode(value).finish()),
          (bytes: Buffer) => order.toObject(order.decode(bytes), { longs: String, enums: String }),
          { customer: "Ann", total: 5 },
          metadata,
          { deadline: Date.now() + 30_000 },
          (error, value) => (error === null ? resolve(value) : reject(error)),
        );
      }),
    close: () => client.close(),
  };
}

async function compileStep() {
  const files = openWorkflowFolder(folder);
  const config = {
    address,
    method: "shop.v1.Orders/Place",
    proto: "orders.proto",
    message: { customer: "Ann", total: 5 },
    metadata: { authorization: "Bearer demo" },
  };
  const step = { type: "grpc", config, assert: [{ type: "json", path: "$.state", value: "PLACED" }] };
  const loaded = loadWorkflowObject({ steps: [step] }, { env: {}, files });
  if ("problems" in loaded) throw new Error(JSON.stringify(loaded.problems));
  const compiled = await compileWorkflow({
    workflow: loaded.workflow,
    inputs: { env: {}, secrets: {} },
    slaveId: "bench",
    connections: {},
    opensFiles: true,
    threads: 1,
    files: files.locate(loaded.workflow.files),
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

const alone = Array.from({ length: connections }, openBare);
const ours = await compileStep();
await measure(alone);
await measure(ours.askers);
const seen: [Measured, Measured][] = [];
for (let round = 0; round < rounds; round++) seen.push([await measure(alone), await measure(ours.askers)]);
const print = (place: 0 | 1) =>
  `${median(seen.map((pair) => pair[place].cpu)).toFixed(1)} µs CPU, ${Math.round(median(seen.map((pair) => pair[place].rate)))}/s`;
const ratio = median(seen.map(([one, other]) => other.cpu / one.cpu));
const pace = median(seen.map(([one, other]) => one.rate / other.rate));
console.log(`grpc: bare ${print(0)}; step ${print(1)}; CPU × ${ratio.toFixed(2)}, time × ${pace.toFixed(2)}`);
for (const asker of [...alone, ...ours.askers]) asker.close();
await ours.close();
child.kill();
