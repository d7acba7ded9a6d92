import { connect as connectNats } from "@nats-io/transport-node";
import { connect as connectRabbit } from "amqplib";
import { noFeeds } from "../src/data/feeds.ts";
import { loadWorkflow } from "../src/definition/load-workflow.ts";
import { compileWorkflow } from "../src/flow/compile-workflow.ts";
import { noMeetings } from "../src/flow/rendezvous/meetings.ts";
import { createRecorder } from "../src/measure/thread-recorder.ts";
import { createSystemClock } from "../src/run/system-clock.ts";
import { systemTime } from "../src/run/system-time.ts";

// Messages a second and CPU per message of mq steps beside the bare driver that does the same, interleaved in one run:
// 50 VUs, each with one confirmed message in flight. RabbitMQ and NATS on this machine. Run: node bench/mq.ts

const clock = createSystemClock(systemTime);
const rounds = 7;
const roundMs = 700;
const vus = 50;
const body = Buffer.from(JSON.stringify({ id: 1, customer: "客户", items: [1, 2, 3] }));
const queue = `we-bench-${process.pid}`;

interface Sample {
  readonly us: number;
  readonly rate: number;
}

/** So many at a time, one after the other each. */
async function measure(workers: readonly (() => Promise<unknown>)[]): Promise<Sample> {
  const startedAt = performance.now();
  const end = startedAt + roundMs;
  const before = process.cpuUsage();
  let count = 0;
  await Promise.all(
    workers.map(async (work) => {
      while (performance.now() < end) {
        await work();
        count++;
      }
    }),
  );
  const used = process.cpuUsage(before);
  return { us: (used.user + used.system) / count, rate: count / ((performance.now() - startedAt) / 1_000) };
}

async function prepareSteps(type: string) {
  const text = `steps: [{ type: mq, config: { type: ${type}, topic: ${queue}, message: '${body.toString()}' } }]`;
  const loaded = loadWorkflow({ text, fileName: "bench.yaml" }, { env: {} });
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
    recorder: createRecorder({ clock, masker: (given) => given }),
    clock,
    random: Math.random,
    log: () => undefined,
    permit: { maySend: () => true, refuses: () => null },
    masker: (given) => given,
  });
  const [scenario] = compiled.scenarios;
  if (scenario === undefined) throw new Error("no scenario");
  const signal = new AbortController().signal;
  const workers = Array.from({ length: vus }, (_, place) => {
    const vu = scenario.createVu(place + 1, signal);
    return async () => {
      if ((await scenario.iteration(vu)) !== "passed") throw new Error("an iteration failed");
    };
  });
  return { workers, close: () => compiled.close() };
}

async function prepareRabbit() {
  const connection = await connectRabbit("amqp://127.0.0.1", { noDelay: true });
  const channels = await Promise.all(Array.from({ length: vus }, () => connection.createConfirmChannel()));
  await channels[0]?.assertQueue(queue);
  const workers = channels.map(
    (channel) => () =>
      new Promise<void>((resolve, reject) => {
        const options = { headers: {}, persistent: true, mandatory: true };
        channel.publish("", queue, body, options, (error: unknown) => {
          if (error === null) resolve();
          else reject(error as Error);
        });
      }),
  );
  return {
    workers,
    purge: () => channels[0]?.purgeQueue(queue),
    async close() {
      await channels[0]?.deleteQueue(queue);
      await connection.close();
    },
  };
}

async function prepareNats() {
  const client = await connectNats({ servers: "127.0.0.1:4222" });
  const work = () => {
    client.publish(queue, body);
    return client.flush();
  };
  return { workers: Array.from({ length: vus }, () => work), purge: () => undefined, close: () => client.close() };
}

for (const [type, prepare] of [
  ["rabbitmq", prepareRabbit],
  ["nats", prepareNats],
] as const) {
  const bare = await prepare();
  const steps = await prepareSteps(type);
  await measure(bare.workers);
  await measure(steps.workers);
  const seen: { readonly bare: Sample; readonly steps: Sample }[] = [];
  for (let round = 0; round < rounds; round++) {
    await bare.purge();
    const first = round % 2 === 0 ? await measure(bare.workers) : await measure(steps.workers);
    await bare.purge();
    const second = round % 2 === 0 ? await measure(steps.workers) : await measure(bare.workers);
    seen.push(round % 2 === 0 ? { bare: first, steps: second } : { bare: second, steps: first });
  }
  const median = (of: (sample: (typeof seen)[number]) => number) =>
    seen.map(of).toSorted((left, right) => left - right)[Math.floor(rounds / 2)] ?? 0;
  console.log(
    `${type}: bare ${median(({ bare: { rate } }) => rate).toFixed(0)}/s, ${median(({ bare: { us } }) => us).toFixed(1)} us CPU;`,
    `mq step ${median(({ steps: { rate } }) => rate).toFixed(0)}/s, ${median(({ steps: { us } }) => us).toFixed(1)} us CPU;`,
    `ratio of rates ${median(({ bare: one, steps: two }) => two.rate / one.rate).toFixed(3)} (median of ${rounds} pairs)`,
  );
  await steps.close();
  await bare.close();
}
