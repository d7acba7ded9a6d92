import { connect as connectNats } from "@nats-io/transport-node";
import { connect as connectRabbit } from "amqplib";
import { compareBareAndStep } from "./support/bare-and-step.ts";
import { compileFlow, createAskers } from "./support/compile-flow.ts";

// Messages a second and CPU per message of mq steps beside the bare driver that does the same, interleaved in one run:
// 50 VUs, each with one confirmed message in flight. RabbitMQ and NATS on this machine. Run: node bench/mq.ts

const roundMs = 700;
const vus = 50;
const body = Buffer.from(JSON.stringify({ id: 1, customer: "客户", items: [1, 2, 3] }));
const queue = `we-bench-${process.pid}`;

async function openRabbit() {
  const connection = await connectRabbit("amqp://127.0.0.1", { noDelay: true });
  const channels = await Promise.all(Array.from({ length: vus }, () => connection.createConfirmChannel()));
  await channels[0]?.assertQueue(queue);
  const askers = channels.map((channel) => ({
    ask: () =>
      new Promise<void>((resolve, reject) => {
        const options = { headers: {}, persistent: true, mandatory: true };
        channel.publish("", queue, body, options, (error: unknown) => {
          if (error === null) resolve();
          else reject(error as Error);
        });
      }),
    close: () => undefined,
  }));
  return {
    askers,
    purge: async () => channels[0]?.purgeQueue(queue),
    async close() {
      await channels[0]?.deleteQueue(queue);
      await connection.close();
    },
  };
}

async function openNats() {
  const client = await connectNats({ servers: "127.0.0.1:4222" });
  const ask = () => {
    client.publish(queue, body);
    return client.flush();
  };
  const askers = Array.from({ length: vus }, () => ({ ask, close: () => undefined }));
  return { askers, purge: () => Promise.resolve(), close: () => client.close() };
}

for (const [type, open] of [
  ["rabbitmq", openRabbit],
  ["nats", openNats],
] as const) {
  const { askers, purge, close } = await open();
  const flow = await compileFlow(
    `steps: [{ type: mq, config: { type: ${type}, topic: ${queue}, message: '${body.toString()}' } }]`,
  );
  await compareBareAndStep({ name: type, ms: roundMs, bare: askers, steps: createAskers(flow, vus), prepare: purge });
  await flow.close();
  await close();
}
