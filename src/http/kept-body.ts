const firstCapacity = 65_536;

/** The bytes of a body that something reads, or its beginning, gathered from the pieces in which they come. */
export class KeptBody {
  private readonly most: number;
  private bytes: Buffer | null = null;
  private length = 0;

  /** What comes after `most` bytes is dropped. */
  constructor(most: number) {
    this.most = most;
  }

  /** Copies `from`..`to`. `expected`: how long the body will be in all, 0: unknown. */
  append(source: Buffer, from: number, to: number, expected: number): void {
    const length = Math.min(this.length + to - from, this.most);
    if (this.bytes === null || this.bytes.length < length) this.grow(length, expected);
    if (this.bytes !== null) source.copy(this.bytes, this.length, from, from + length - this.length);
    this.length = length;
  }

  get size(): number {
    return this.length;
  }

  /** Gives the body away and is empty again; null: no bytes came. */
  take(): Buffer | null {
    const bytes = this.bytes;
    const length = this.length;
    this.bytes = null;
    this.length = 0;
    if (bytes === null || length === 0) return null;
    return bytes.length === length ? bytes : bytes.subarray(0, length);
  }

  /** Never allocates far ahead of what has come: a server may announce much and send little. */
  private grow(needed: number, expected: number): void {
    const doubled = Math.max(firstCapacity, this.length * 2);
    const capacity = Math.max(needed, expected > 0 ? Math.min(expected, doubled) : Math.min(doubled, needed * 2));
    const grown = Buffer.allocUnsafe(capacity);
    if (this.bytes !== null) this.bytes.copy(grown, 0, 0, this.length);
    this.bytes = grown;
  }
}
