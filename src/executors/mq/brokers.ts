import type { OpenBroker } from "./broker.ts";
import type { BrokerType } from "./mq-config.ts";

/** One row per broker; its driver is loaded when a step needs it. */
export const brokers = {
  rabbitmq: () => import("./brokers/rabbitmq.ts").then((module) => module.openRabbitmq),
  kafka: () => import("./brokers/kafka.ts").then((module) => module.openKafka),
  nats: () => import("./brokers/nats.ts").then((module) => module.openNats),
  jetstream: () => import("./brokers/jetstream.ts").then((module) => module.openJetstream),
  mqtt: () => import("./brokers/mqtt.ts").then((module) => module.openMqtt),
  redis: () => import("./brokers/redis.ts").then((module) => module.openRedis),
} as const satisfies Record<BrokerType, () => Promise<OpenBroker>>;
