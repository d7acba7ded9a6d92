import type { Options } from "amqplib";
import { DriverFailure } from "../../../driver/call-driver.ts";
import type { OpenChannel } from "./rabbitmq-channels.ts";

/** A message that the broker has not confirmed yet. */
interface Unconfirmed {
  readonly routingKey: string;
  /** Why the broker returned it; null: it did not. */
  returned: string | null;
}

/**
 * Publishes on a channel of its own; any number at once, for the broker confirms each message. What closes the channel
 * fails all of them.
 */
export class Publisher {
  readonly #opened: OpenChannel;
  readonly #unconfirmed = new Set<Unconfirmed>();

  constructor(opened: OpenChannel) {
    this.#opened = opened;
    const { channel } = opened;
    // Each that waits for room listens.
    channel.setMaxListeners(0);
    // It comes before the confirmation, and does not say of which message: of those to one place any is as good.
    channel.on("return", ({ fields }: { readonly fields: object }) => {
      const { routingKey, replyText } = fields as { readonly routingKey?: unknown; readonly replyText?: unknown };
      for (const message of this.#unconfirmed) {
        if (message.returned !== null || message.routingKey !== routingKey) continue;
        message.returned = String(replyText ?? "");
        return;
      }
    });
  }

  /** Can it publish nothing any more? */
  get isOver(): boolean {
    return this.#opened.failure !== null;
  }

  /** `waits`: resolves when the message is confirmed, else when there is room for it. */
  publish(exchange: string, routingKey: string, body: Buffer, options: Options.Publish, waits: boolean): Promise<void> {
    const { channel } = this.#opened;
    return new Promise((resolve, reject) => {
      const message: Unconfirmed = { routingKey, returned: null };
      const hasRoom = channel.publish(exchange, routingKey, body, options, (error: unknown) => {
        this.#unconfirmed.delete(message);
        if (error !== null && error !== undefined) reject(this.#opened.failure ?? (error as Error));
        else if (message.returned === null) resolve();
        else reject(new DriverFailure("mq_unroutable", `no queue takes the message (${message.returned})`));
      });
      this.#unconfirmed.add(message);
      if (waits) return;
      if (hasRoom) resolve();
      else channel.once("drain", resolve);
    });
  }
}
