import type { BrokerMessage } from "./broker.ts";

/** Messages on their way from a subscription to the steps that want them; who asked first has first. */
export class Inbox {
  readonly #kept: BrokerMessage[] = [];
  readonly #waiting: { readonly more: number; resolve(message: BrokerMessage): void; reject(error: Error): void }[] =
    [];
  readonly #maxBytes: number;
  readonly #onDropped: () => void;
  #keptBytes = 0;
  #failure: Error | null = null;

  /** Of more than `maxBytes` that nobody takes the oldest are dropped, and `onDropped` is told of each. */
  constructor(maxBytes: number, onDropped: () => void) {
    this.#maxBytes = maxBytes;
    this.#onDropped = onDropped;
  }

  put(message: BrokerMessage): void {
    const next = this.#waiting.shift();
    if (next !== undefined) {
      next.resolve(message);
      return;
    }
    this.#kept.push(message);
    this.#keptBytes += message.body.length;
    while (this.#keptBytes > this.#maxBytes && this.#kept.length > 1) {
      this.#keptBytes -= this.#kept.shift()?.body.length ?? 0;
      this.#onDropped();
    }
  }

  /** How many messages those who wait want in all. */
  get wanted(): number {
    return this.#waiting.reduce((sum, { more }) => sum + more, 0);
  }

  /** The next message of `more` that the caller wants. Rejects when the signal is aborted or the inbox fails. */
  next(signal: AbortSignal, more = 1): Promise<BrokerMessage> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(new Error("given up"));
        return;
      }
      const kept = this.#kept.shift();
      if (kept !== undefined) {
        this.#keptBytes -= kept.body.length;
        resolve(kept);
        return;
      }
      if (this.#failure !== null) {
        reject(this.#failure);
        return;
      }
      const abort = () => {
        const place = this.#waiting.indexOf(own);
        if (place >= 0) this.#waiting.splice(place, 1);
        reject(new Error("given up"));
      };
      const own = {
        more,
        resolve(message: BrokerMessage) {
          signal.removeEventListener("abort", abort);
          resolve(message);
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

  /** Nothing more will come. */
  fail(error: Error): void {
    this.#failure = error;
    for (const each of this.#waiting.splice(0)) each.reject(error);
  }
}
