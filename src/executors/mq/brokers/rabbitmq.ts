import { connect, type ConfirmChannel, type ConsumeMessage } from "amqplib";
import { DriverFailure } from "../../../driver/call-driver.ts";
import type { JsonObject } from "../../../protocol/json.ts";
import type { BrokerConnection, BrokerMessage, OpenBroker } from "../broker.ts";
import type { MqConfig } from "../mq-config.ts";
import { openChannels } from "./rabbitmq-channels.ts";
import { Publisher } from "./rabbitmq-publisher.ts";

/** RabbitMQ by AMQP 0-9-1: each publish step has a channel, every other call one to itself while it lasts. */
export const openRabbitmq: OpenBroker = async ({ address, port, tls }, known, { signal, timeoutMs }) => {
  const model = await connect(
    {
      protocol: tls === null ? "amqp" : "amqps",
      hostname: address,
      port,
      username: known.username ?? "guest",
      password: known.password ?? (known.username === null ? "guest" : ""),
      vhost: known.path === "" ? "/" : encodeURIComponent(known.path),
      heartbeat: 20,
    },
    {
      ...tls,
      noDelay: true,
      timeout: timeoutMs,
      clientProperties: { connection_name: known.clientId ?? "workflow-engine" },
      // A socket that is aborted is destroyed.
      ...({ signal } as object),
    },
  );
  const channels = openChannels(model);
  /** Queues that were declared on this connection, and bindings. */
  const declared = new Map<string, Promise<unknown>>();
  const confirmed = new Set<string>();
  let isClosing = false;
  let tags = 0;

  const once = (name: string, declare: (channel: ConfirmChannel) => Promise<unknown>, signal: AbortSignal) => {
    const known = declared.get(name);
    if (known !== undefined) return known;
    const work = channels.use(signal, declare);
    declared.set(name, work);
    work.then(
      () => confirmed.add(name),
      () => declared.delete(name),
    );
    return work;
  };
  const declare = (queue: string, signal: AbortSignal) =>
    once(`queue ${queue}`, (channel) => channel.assertQueue(queue, { durable: true }), signal);

  /** One for each step: what it publishes fails alike. */
  const publishers = new Map<MqConfig, Publisher | Promise<Publisher>>();

  async function openPublisher(config: MqConfig): Promise<Publisher> {
    try {
      const publisher = new Publisher(await channels.open());
      publishers.set(config, publisher);
      return publisher;
    } catch (error) {
      publishers.delete(config);
      throw error;
    }
  }

  /** Those who ask while it is opened get the same. */
  function publisherOf(config: MqConfig): Promise<Publisher> {
    const known = publishers.get(config);
    if (known instanceof Promise) return known;
    const opening = openPublisher(config);
    publishers.set(config, opening);
    return opening;
  }

  const connection: BrokerConnection = {
    get isOver() {
      return channels.isOver;
    },

    async publish({ destination, exchange, key, body, headers, config }, call): Promise<JsonObject> {
      if (exchange === null && config.declare && !confirmed.has(`queue ${destination}`))
        await declare(destination, call.signal);
      const routingKey = exchange === null ? destination : (key ?? destination);
      const own = exchange === null && key !== null ? { messageId: key } : {};
      const options = { headers, persistent: true, mandatory: exchange === null, ...own };
      const known = publishers.get(config);
      const publisher = known instanceof Publisher && !known.isOver ? known : await publisherOf(config);
      await publisher.publish(exchange ?? "", routingKey, body, options, config.acks !== "none");
      return config.acks === "none" ? {} : { confirmed: true };
    },

    async consume({ source, exchange, key, count, config, take }, signal) {
      if (config.declare) await declare(source, signal);
      if (exchange !== null) {
        const bind = (channel: ConfirmChannel) => channel.bindQueue(source, exchange, key ?? "#");
        await once(`binding ${JSON.stringify([source, exchange, key])}`, bind, signal);
      }
      if (count === 0) return;
      await channels.use(signal, async (channel) => {
        await channel.prefetch(count);
        const tag = `${++tags}`;
        let taken = 0;
        let last: ConsumeMessage | null = null;
        const finished = Promise.withResolvers<void>();
        const give = () => finished.resolve();
        signal.addEventListener("abort", give);
        const onClose = () => finished.reject(new DriverFailure("mq_closed", "the channel was closed"));
        channel.on("close", onClose);
        const begun = channel.consume(
          source,
          (message) => {
            if (message === null) {
              finished.reject(new DriverFailure("mq_cancelled", `the broker ended the consumer of ${source}`));
            } else if (signal.aborted || taken === count) {
              channel.nack(message, false, true);
            } else {
              last = message;
              taken++;
              take(readMessage(message));
              if (taken === count) finished.resolve();
            }
          },
          { consumerTag: tag },
        );
        try {
          await Promise.all([begun, finished.promise]);
        } finally {
          signal.removeEventListener("abort", give);
          channel.off("close", onClose);
        }
        // Cancelled before acknowledged: an acknowledgement would make room for messages that nobody wants.
        const cancelled = channel.cancel(tag);
        if (last !== null) channel.ack(last, true);
        await cancelled;
      });
    },

    async close() {
      if (isClosing || channels.isOver) return;
      isClosing = true;
      // What a step took that was cut short is still to be acknowledged: a connection's close overtakes its channels.
      await channels.settled();
      await model.close();
    },
  };
  return connection;
};

function readMessage({ content, fields, properties }: ConsumeMessage): BrokerMessage {
  const given = (properties.headers ?? {}) as Readonly<Record<string, unknown>>;
  const headers = Object.entries(given).map(([name, value]) => [
    name,
    Buffer.isBuffer(value) ? value.toString() : typeof value === "object" ? JSON.stringify(value) : String(value),
  ]);
  const { redelivered, exchange, routingKey } = fields;
  const messageId: unknown = properties.messageId;
  return {
    body: content,
    key: exchange === "" ? (typeof messageId === "string" ? messageId : null) : routingKey,
    headers: Object.fromEntries(headers) as Record<string, string>,
    about: { exchange, routing_key: routingKey, redelivered },
  };
}
