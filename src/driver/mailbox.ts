import { DriverFailure } from "./call-driver.ts";

/** A message as it waits for a step. */
export interface Received {
  readonly bytes: number;
}

/** What a step wants of a mailbox. */
export interface Wanted<Message extends Received> {
  /** How many; Infinity: all until the end. */
  readonly count: number;
  /** Which; the others are passed over. null: any. */
  readonly matches: ((message: Message) => boolean) | null;
  /** What has come so far, in order. */
  readonly taken: Message[];
}

interface Waiting<Message extends Received> extends Wanted<Message> {
  bytes: number;
  resolve(): void;
  reject(error: unknown): void;
}

/**
 * Messages of a connection between those who send them and the steps that take them, in the order in which they came.
 * Of more than `maxCount` messages or `maxBytes` bytes that nobody takes the oldest are dropped, and `onDropped` is told
 * of each.
 */
export class Mailbox<Message extends Received> {
  readonly #kept: Message[] = [];
  readonly #maxCount: number;
  readonly #maxBytes: number;
  readonly #onDropped: () => void;
  #keptBytes = 0;
  #waiting: Waiting<Message> | null = null;
  /** undefined: more may come; null: everything has. */
  #end: DriverFailure | null | undefined = undefined;

  constructor(maxCount: number, maxBytes: number, onDropped: () => void) {
    this.#maxCount = maxCount;
    this.#maxBytes = maxBytes;
    this.#onDropped = onDropped;
  }

  /** Will nothing come any more, and has everything been taken? */
  get isOver(): boolean {
    return this.#end !== undefined && this.#kept.length === 0;
  }

  put(message: Message): void {
    if (this.#waiting !== null) {
      this.#offer(this.#waiting, message);
      return;
    }
    this.#kept.push(message);
    this.#keptBytes += message.bytes;
    while (this.#kept.length > this.#maxCount || (this.#keptBytes > this.#maxBytes && this.#kept.length > 1)) {
      this.#keptBytes -= this.#kept.shift()?.bytes ?? 0;
      this.#onDropped();
    }
  }

  /**
   * Resolves when `taken` is full. Rejects with a DriverFailure when the connection ends first, and when what is taken
   * has more than `maxBytes`. One call at a time; one that is given up leaves what comes for the next.
   */
  take(wanted: Wanted<Message>): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#waiting !== null) {
        const message = "another step is receiving from this connection; give it a connection of its own by `name`";
        reject(new DriverFailure("1000", message));
        return;
      }
      const own: Waiting<Message> = { ...wanted, bytes: 0, resolve, reject };
      this.#waiting = own;
      while (this.#waiting === own && this.#kept.length > 0) {
        const message = this.#kept.shift() as Message;
        this.#keptBytes -= message.bytes;
        this.#offer(own, message);
      }
      if (this.#waiting === own && this.#end !== undefined) this.#finish(own, this.#end);
    });
  }

  /** Who waits has gone; what he was promised never settles. */
  giveUp(): void {
    this.#waiting = null;
  }

  /** Nothing more will come: `failure` says why, null where that is as it should be. The first call counts. */
  end(failure: DriverFailure | null): void {
    if (this.#end !== undefined) return;
    this.#end = failure;
    if (this.#waiting !== null) this.#finish(this.#waiting, failure);
  }

  #offer(waiting: Waiting<Message>, message: Message): void {
    try {
      if (waiting.matches !== null && !waiting.matches(message)) return;
    } catch (error) {
      this.#waiting = null;
      waiting.reject(error);
      return;
    }
    waiting.bytes += message.bytes;
    if (waiting.bytes > this.#maxBytes) {
      this.#waiting = null;
      waiting.reject(new DriverFailure("1000", `more than ${this.#maxBytes} bytes came for one step; raise max_bytes`));
      return;
    }
    waiting.taken.push(message);
    if (waiting.taken.length < waiting.count) return;
    this.#waiting = null;
    waiting.resolve();
  }

  #finish(waiting: Waiting<Message>, failure: DriverFailure | null): void {
    this.#waiting = null;
    if (failure !== null) waiting.reject(failure);
    else if (waiting.count === Number.POSITIVE_INFINITY) waiting.resolve();
    else waiting.reject(new DriverFailure("1000", `the server ended with ${waiting.taken.length} of ${waiting.count}`));
  }
}
