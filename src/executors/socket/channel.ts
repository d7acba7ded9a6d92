/** What ends an answer on a stream; null: whatever has come. */
export type Ending = { readonly delimiter: Buffer } | { readonly length: number } | null;

/** Who waits for an answer. */
export interface Receiver {
  done(answer: Buffer): void;
  fail(error: unknown): void;
}

/** A connected socket of one VU. */
export interface Channel {
  /** Resolves when the kernel has the bytes. Rejects with a DriverFailure. */
  send(data: Buffer): Promise<void>;
  /** Hands the bytes over to a kernel that takes them at once; what goes wrong is told to `receive`. false: use `send`. */
  post(data: Buffer): boolean;
  /**
   * Gives the next answer without its delimiter, or the next datagram; fails with a DriverFailure when the socket breaks.
   * One call at a time.
   */
  receive(ending: Ending, receiver: Receiver): void;
  /** Who receives has gone: what comes is left for the next. */
  forget(): void;
  /** Has it broken, or has the peer closed it and everything been received? */
  readonly isOver: boolean;
  /** Idempotent. */
  close(): void;
}

/** Bytes that go and come, told as they do. */
export interface ByteCount {
  sent(count: number): void;
  received(count: number): void;
}
