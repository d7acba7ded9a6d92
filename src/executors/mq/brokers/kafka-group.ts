import type { EachMessagePayload, Kafka, KafkaMessage } from "kafkajs";
import type { BrokerMessage } from "../broker.ts";

const heartbeatMs = 2_000;

interface Offer {
  readonly message: BrokerMessage;
  taken(): void;
  refuse(error: Error): void;
}

/** A member of a consumer group for one topic; it lives as long as the connection, and no message passes before a step wants it. */
export class KafkaGroup {
  readonly #stop: () => Promise<void>;
  readonly #offers: Offer[] = [];
  readonly #waiting: { resolve(offer: Offer): void; reject(error: Error): void }[] = [];
  #failure: Error | null = null;

  /** Resolves when the group has let it in. */
  static async join(kafka: Kafka, groupId: string, topic: string, declare: boolean): Promise<KafkaGroup> {
    const consumer = kafka.consumer({
      groupId,
      sessionTimeout: 10_000,
      heartbeatInterval: heartbeatMs,
      maxWaitTimeInMs: 500,
      allowAutoTopicCreation: declare,
      retry: { restartOnFailure: () => Promise.resolve(false) },
    });
    const group = new KafkaGroup(() => consumer.disconnect());
    const joined = Promise.withResolvers<void>();
    consumer.on(consumer.events.GROUP_JOIN, () => joined.resolve());
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      joined.reject(payload.error);
      group.#fail(payload.error);
    });
    try {
      await consumer.connect();
      await consumer.subscribe({ topic, fromBeginning: true });
      await consumer.run({ autoCommitInterval: 1_000, eachMessage: (payload) => group.#offer(payload) });
      await joined.promise;
      return group;
    } catch (error) {
      await consumer.disconnect();
      throw error;
    }
  }

  private constructor(stop: () => Promise<void>) {
    this.#stop = stop;
  }

  get isOver(): boolean {
    return this.#failure !== null;
  }

  /** Hands so many messages over; each counts as consumed with that. */
  async consume(count: number, take: (message: BrokerMessage) => void, signal: AbortSignal): Promise<void> {
    for (let left = count; left > 0; left--) {
      const offer = await this.#next(signal);
      take(offer.message);
      offer.taken();
    }
  }

  async close(): Promise<void> {
    this.#fail(new Error("the connection to the broker was closed"));
    await this.#stop();
  }

  #next(signal: AbortSignal): Promise<Offer> {
    if (signal.aborted) return Promise.reject(new Error("given up"));
    const offer = this.#offers.shift();
    if (offer !== undefined) return Promise.resolve(offer);
    if (this.#failure !== null) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      const abort = () => {
        const place = this.#waiting.indexOf(own);
        if (place >= 0) this.#waiting.splice(place, 1);
        reject(new Error("given up"));
      };
      const own = {
        resolve(offer: Offer) {
          signal.removeEventListener("abort", abort);
          resolve(offer);
        },
        reject(error: Error) {
          signal.removeEventListener("abort", abort);
          reject(error);
        },
      };
      this.#waiting.push(own);
      signal.addEventListener("abort", abort);
    });
  }

  /** Resolves when a step has taken it; until then the group is told that this member lives. */
  async #offer({ topic, partition, message, heartbeat }: EachMessagePayload): Promise<void> {
    if (this.#failure !== null) throw this.#failure;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const offer: Offer = { message: readMessage(topic, partition, message), taken: resolve, refuse: reject };
    const next = this.#waiting.shift();
    if (next !== undefined) {
      next.resolve(offer);
      return promise;
    }
    this.#offers.push(offer);
    const beat = setInterval(() => void heartbeat().catch(reject), heartbeatMs);
    try {
      await promise;
    } finally {
      clearInterval(beat);
      const place = this.#offers.indexOf(offer);
      if (place >= 0) this.#offers.splice(place, 1);
    }
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const { reject } of this.#waiting.splice(0)) reject(error);
    for (const { refuse } of this.#offers.splice(0)) refuse(error);
  }
}

function readMessage(topic: string, partition: number, { key, value, headers, offset }: KafkaMessage): BrokerMessage {
  const read = Object.entries(headers ?? {}).map(([name, given]) => [
    name,
    [given ?? ""].flat().map(String).join(", "),
  ]);
  return {
    body: value ?? Buffer.alloc(0),
    key: key === null ? null : key.toString(),
    headers: Object.fromEntries(read) as Record<string, string>,
    about: { topic, partition, offset },
  };
}
