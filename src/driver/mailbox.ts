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

/** It is over: null where `taken` is full, else why it will not be. */
export type HearTaken = (error: unknown) => void;

interface Waiting<Message extends Received> {
  readonly wanted: Wanted<Message>;
  readonly over: HearTaken;
  bytes: number;
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
   * Calls `over` when `taken` is full, or with a DriverFailure when the connection ends first or when what is taken has
   * more than `maxBytes`. One at a time; one that is given up leaves what comes for the next.
   */
  take(wanted: Wanted<Message>, over: HearTaken): void {
    if (this.#waiting !== null) {
      const message = "another step is receiving from this connection; give it a connection of its own by `name`";
      over(new DriverFailure("1000", message));
      return;
    }
    const own: Waiting<Message> = { wanted, over, bytes: 0 };
    this.#waiting = own;
    while (this.#waiting === own && this.#kept.length > 0) {
      const message = this.#kept.shift() as Message;
      this.#keptBytes -= message.bytes;
      this.#offer(own, message);
    }
    if (this.#waiting === own && this.#end !== undefined) this.#finish(own, this.#end);
  }

  /** Who waits has gone; he is told nothing any more. */
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
    const { taken, count, matches } = waiting.wanted;
    try {
      if (matches !== null && !matches(message)) return;
    } catch (error) {
      this.#tell(waiting, error);
      return;
    }
    waiting.bytes += message.bytes;
    if (waiting.bytes > this.#maxBytes) {
      const text = `more than ${this.#maxBytes} bytes came for one step; raise max_bytes`;
      this.#tell(waiting, new DriverFailure("1000", text));
      return;
    }
    if (taken.push(message) >= count) this.#tell(waiting, null);
  }

  #finish(waiting: Waiting<Message>, failure: DriverFailure | null): void {
    const { taken, count } = waiting.wanted;
    if (failure !== null || count === Number.POSITIVE_INFINITY) this.#tell(waiting, failure);
    else this.#tell(waiting, new DriverFailure("1000", `the server ended with ${taken.length} of ${count}`));
  }

  #tell({ over }: Waiting<Message>, error: unknown): void {
    this.#waiting = null;
    over(error);
  }
}
