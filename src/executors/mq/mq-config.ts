import type { HttpTls } from "../../protocol/workflow.ts";

export const brokerTypes = ["rabbitmq", "kafka", "nats", "jetstream", "mqtt", "redis"] as const;
export type BrokerType = (typeof brokerTypes)[number];
export type MqAction = "publish" | "consume";
export type MqEncoding = "text" | "base64";
/** What a publisher waits for: nothing, the broker, or all its replicas. */
export type MqAcks = "none" | "one" | "all";

/** An mq step's config, checked and complete. Texts may be templates; null: not given. */
export interface MqConfig {
  /** null: the connection says it. */
  readonly type: BrokerType | null;
  readonly action: MqAction;
  /** `url`, `broker` or `brokers`, as a list. Empty: a connection's. */
  readonly urls: readonly string[];
  /** The name of a connection. */
  readonly connection: string | null;
  /** A queue, topic, subject or stream. */
  readonly destination: string;
  /** RabbitMQ. */
  readonly exchange: string | null;
  /** JetStream. */
  readonly stream: string | null;
  readonly key: string | null;
  /** Text, base64 or any JSON value; absent for consume. */
  readonly body: { readonly message: string } | { readonly json: string } | null;
  readonly encoding: MqEncoding;
  readonly headers: Readonly<Record<string, string>>;
  /** How many messages a consume step takes; 0: it only subscribes. */
  readonly count: string;
  readonly groupId: string | null;
  readonly clientId: string | null;
  readonly acks: MqAcks;
  readonly track: boolean;
  readonly declare: boolean;
  readonly qos: 0 | 1 | 2;
  readonly retain: boolean;
  readonly protocolVersion: 4 | 5;
  readonly connectTimeoutMs: number;
  /** For the whole step. */
  readonly timeoutMs: number;
  readonly tls: HttpTls;
}
