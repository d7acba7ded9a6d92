import { Kafka, logLevel, Partitioners } from "kafkajs";
import type { JsonObject } from "../../../protocol/json.ts";
import type { BrokerConnection, OpenBroker } from "../broker.ts";
import { KafkaGroup } from "./kafka-group.ts";
import { listTlsOptions } from "../tls-options.ts";
import { createKafkaSockets } from "./kafka-sockets.ts";

/** Of the consumer group where the step names none. */
const defaultGroup = "workflow-engine";
const acknowledgements = { none: 0, one: 1, all: -1 } as const;

/** Kafka. The only place that knows kafkajs, with kafka-group.ts. */
export const openKafka: OpenBroker = async ({ address, port, tls }, known, ports) => {
  const { username, password, mechanism } = known;
  const kafka = new Kafka({
    clientId: known.clientId ?? "workflow-engine",
    brokers: [address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`],
    connectionTimeout: ports.timeoutMs,
    authenticationTimeout: ports.timeoutMs,
    requestTimeout: 30_000,
    retry: { initialRetryTime: 100, maxRetryTime: 1_000, retries: 3 },
    logLevel: logLevel.NOTHING,
    // The first broker is dialled by an address of the name that it was given; the others as it calls them.
    socketFactory: createKafkaSockets(
      ports,
      tls === null ? null : (host) => (host === address ? tls : listTlsOptions(known.tls, host)),
    ),
    ssl: tls !== null,
    ...(username === null
      ? {}
      : {
          sasl: { mechanism, username, password: password ?? "" } as {
            mechanism: "plain";
            username: string;
            password: string;
          },
        }),
  });
  const producers = new Map<boolean, Promise<ReturnType<Kafka["producer"]>>>();
  const groups = new Map<string, Promise<KafkaGroup>>();
  let isOver = false;

  const open = async (declare: boolean) => {
    const producer = kafka.producer({
      allowAutoTopicCreation: declare,
      createPartitioner: Partitioners.DefaultPartitioner,
    });
    await producer.connect();
    return producer;
  };
  function findProducer(declare: boolean) {
    let producer = producers.get(declare);
    if (producer === undefined) {
      producer = open(declare);
      producers.set(declare, producer);
    }
    return producer;
  }
  function findGroup(groupId: string, topic: string, declare: boolean): Promise<KafkaGroup> {
    const name = JSON.stringify([groupId, topic]);
    let group = groups.get(name);
    if (group === undefined) {
      group = KafkaGroup.join(kafka, groupId, topic, declare);
      groups.set(name, group);
    }
    return group;
  }
  /** A client that met trouble with its connection is left for a new one. */
  const watch = async <Value>(work: Promise<Value>): Promise<Value> => {
    try {
      return await work;
    } catch (error) {
      if (/Connection|Broker|Retries|Request|closed/.test(`${(error as Error).name} ${(error as Error).message}`))
        isOver = true;
      throw error;
    }
  };

  // Whether anybody is there, and who we are, is known before the first step's call.
  try {
    await findProducer(true);
  } catch (error) {
    await Promise.allSettled(producers.values());
    throw error;
  }

  const connection: BrokerConnection = {
    get isOver() {
      return isOver;
    },
    async publish({ destination, body, headers, key, config }): Promise<JsonObject> {
      const producer = await findProducer(config.declare);
      const acks = acknowledgements[config.acks];
      const messages = [{ key, value: body, headers: { ...headers } }];
      const [told] = await watch(producer.send({ topic: destination, acks, messages }));
      if (config.acks === "none" || told === undefined) return {};
      return { topic: destination, partition: told.partition, offset: told.baseOffset ?? null };
    },
    async consume({ source, groupId, count, config, take }, signal) {
      const group = await watch(findGroup(groupId ?? defaultGroup, source, config.declare));
      if (group.isOver) isOver = true;
      if (count > 0) await watch(group.consume(count, take, signal));
    },
    async close() {
      isOver = true;
      const joined = await Promise.allSettled(groups.values());
      const left = joined.map((each) => (each.status === "fulfilled" ? each.value.close() : Promise.resolve()));
      const made = await Promise.allSettled(producers.values());
      const ended = made.map((each) => (each.status === "fulfilled" ? each.value.disconnect() : Promise.resolve()));
      await Promise.all([...left, ...ended]);
    },
  };
  return connection;
};
