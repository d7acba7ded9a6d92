/** Bytes that have come and nobody has taken, in one growing buffer. */
export class ByteQueue {
  #buffer = Buffer.alloc(0);
  #start = 0;
  #end = 0;

  get length(): number {
    return this.#end - this.#start;
  }

  append(chunk: Uint8Array): void {
    if (this.#buffer.length - this.#end < chunk.length) this.#grow(chunk.length);
    this.#buffer.set(chunk, this.#end);
    this.#end += chunk.length;
  }

  /** Where `pattern` begins, looking from byte `from` on; -1: nowhere. */
  indexOf(pattern: Buffer, from: number): number {
    const at = this.#buffer.indexOf(pattern, this.#start + from);
    // Behind the end lies what is gone.
    return at < 0 || at + pattern.length > this.#end ? -1 : at - this.#start;
  }

  /** A copy of the first `count` bytes, which are gone then. */
  take(count: number): Buffer {
    const taken = Buffer.allocUnsafe(Math.min(count, this.length));
    this.#buffer.copy(taken, 0, this.#start);
    this.drop(count);
    return taken;
  }

  /** The first `count` bytes are gone. */
  drop(count: number): void {
    this.#start = Math.min(this.#start + count, this.#end);
    if (this.#start < this.#end) return;
    this.#start = 0;
    this.#end = 0;
  }

  #grow(more: number): void {
    const { length } = this;
    const roomy = this.#buffer.length >= 2 * (length + more);
    const buffer = roomy ? this.#buffer : Buffer.allocUnsafe(Math.max(256, 2 * (length + more)));
    this.#buffer.copy(buffer, 0, this.#start, this.#end);
    this.#buffer = buffer;
    this.#start = 0;
    this.#end = length;
  }
}
