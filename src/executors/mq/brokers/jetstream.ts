import { AckPolicy, type Consumer, jetstream, jetstreamManager, type JsMsg } from "@nats-io/jetstream";
import { headers as createHeaders } from "@nats-io/transport-node";
import type { JsonObject } from "../../../protocol/json.ts";
import type { BrokerConnection, BrokerMessage, OpenBroker, Want } from "../broker.ts";
import { connectNats, readHeaders, writeHeaders } from "./nats-connection.ts";

/** The longest that one request for messages waits on the server; then there is another. */
const fetchMs = 30_000;
/** Of the durable consumer where the step names no group. */
const defaultGroup = "workflow-engine";

/** NATS with JetStream: streams keep messages, durable consumers know what was acknowledged. */
export const openJetstream: OpenBroker = async (endpoint, address, ports) => {
  const client = await connectNats(endpoint, address, ports);
  const timeout = ports.timeoutMs;
  let manager: Awaited<ReturnType<typeof jetstreamManager>>;
  try {
    manager = await jetstreamManager(client, { timeout });
  } catch (error) {
    await client.close();
    throw error;
  }
  const streams = jetstream(client, { timeout });
  const known = new Map<string, Promise<unknown>>();

  function once<Value>(name: string, make: () => Promise<Value>): Promise<Value> {
    const found = known.get(name);
    if (found !== undefined) return found as Promise<Value>;
    const made = make();
    known.set(name, made);
    made.catch(() => known.delete(name));
    return made;
  }

  /** The stream that keeps a subject; made where there is none, unless the step says not to. */
  function findStream(subject: string, named: string | null, declare: boolean): Promise<string> {
    return once(`stream ${JSON.stringify([subject, named])}`, async () => {
      const missing = await manager.streams.find(subject).then(
        (name) => ({ name }),
        (error: Error) => ({ error }),
      );
      if ("name" in missing) return named ?? missing.name;
      if (!declare) throw missing.error;
      const name = named ?? subject.replaceAll(/[^\p{L}\p{N}_-]+/gu, "_");
      await manager.streams.add({ name, subjects: [subject] });
      return name;
    });
  }

  async function findConsumer({ source, stream, groupId, config }: Want): Promise<Consumer> {
    const name = await findStream(source, stream, config.declare);
    const group = groupId ?? defaultGroup;
    return once(`consumer ${JSON.stringify([name, group, source])}`, async () => {
      if (config.declare) {
        const settings = { durable_name: group, ack_policy: AckPolicy.Explicit, filter_subject: source };
        await manager.consumers.add(name, settings);
      }
      return streams.consumers.get(name, group);
    });
  }

  const connection: BrokerConnection = {
    get isOver() {
      return client.isClosed();
    },
    async publish({ destination, stream, body, headers, key, config }): Promise<JsonObject> {
      await findStream(destination, stream, config.declare);
      const written = writeHeaders(key === null ? headers : { ...headers, key }, createHeaders);
      if (config.acks === "none") {
        client.publish(destination, body, written === null ? {} : { headers: written });
        return {};
      }
      const {
        stream: name,
        seq,
        duplicate,
      } = await streams.publish(destination, body, written === null ? { timeout } : { timeout, headers: written });
      return { stream: name, seq, duplicate };
    },
    async consume(want, signal) {
      const consumer = await findConsumer(want);
      let taken = 0;
      while (taken < want.count && !signal.aborted) {
        const batch = await consumer.fetch({ max_messages: want.count - taken, expires: fetchMs });
        const stop = () => batch.stop();
        signal.addEventListener("abort", stop);
        if (signal.aborted) stop();
        try {
          for await (const message of batch) {
            if (signal.aborted) {
              message.nak();
            } else {
              taken++;
              want.take(readMessage(message));
              message.ack();
            }
          }
        } finally {
          signal.removeEventListener("abort", stop);
        }
        if (client.isClosed()) throw new Error("the connection to the broker was closed");
      }
    },
    close: () => client.close(),
  };
  return connection;
};

function readMessage({ data, headers, subject, seq, redelivered, info }: JsMsg): BrokerMessage {
  const { key, ...others } = readHeaders(headers);
  return {
    body: Buffer.from(data),
    key: key ?? null,
    headers: others,
    about: { subject, stream: info.stream, seq, redelivered },
  };
}
