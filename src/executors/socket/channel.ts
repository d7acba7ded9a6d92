/** What ends an answer on a stream; null: whatever has come. */
export type Ending = { readonly delimiter: Buffer } | { readonly length: number } | null;

/** A connected socket of one VU. Every wait rejects with a DriverFailure when the socket breaks, and ends by its signal. */
export interface Channel {
  /** Resolves when the kernel has the bytes. */
  send(data: Buffer): Promise<void>;
  /**
   * The next answer without its delimiter, or the next datagram. One call at a time; one that is given up leaves what
   * has come for the next.
   */
  receive(ending: Ending, signal: AbortSignal): Promise<Buffer>;
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
