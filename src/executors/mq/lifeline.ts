/**
 * Ends waits with the connection that they wait on. Unlike a race with a promise of its end, which would keep every
 * wait of the connection's life, it knows only those that go on.
 */
export class Lifeline {
  readonly #waiting = new Set<(error: Error) => void>();
  #failure: Error | null = null;

  /** What `work` gives; rejects when the connection ends first. */
  guard<Value>(work: Promise<Value>): Promise<Value> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== null) {
        reject(this.#failure);
        // Told as the end of the connection, just above.
        work.catch(() => undefined);
        return;
      }
      this.#waiting.add(reject);
      work.then(
        (value) => {
          this.#waiting.delete(reject);
          resolve(value);
        },
        (error: Error) => {
          this.#waiting.delete(reject);
          reject(error);
        },
      );
    });
  }

  /** The connection has ended. */
  cut(error: Error): void {
    this.#failure ??= error;
    for (const reject of this.#waiting) reject(this.#failure);
    this.#waiting.clear();
  }
}
