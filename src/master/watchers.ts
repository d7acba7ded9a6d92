import type { StreamMessage } from "../protocol/rest.ts";

/** Who follows an execution live. */
export interface Watchers {
  readonly count: number;
  add(listener: (message: StreamMessage) => void): () => void;
  tell(message: StreamMessage): void;
  /** Tells the last message; nobody follows any more. */
  finish(message: StreamMessage): void;
}

/** Nobody. A listener that ends its watch while it is told hears no more. */
export function createWatchers(): Watchers {
  const listeners = new Set<(message: StreamMessage) => void>();
  const tell = (message: StreamMessage): void => {
    for (const listener of listeners) listener(message);
  };
  return {
    get count() {
      return listeners.size;
    },
    add(listener) {
      // A closure of its own, so that the same listener may watch twice.
      const own = (message: StreamMessage) => listener(message);
      listeners.add(own);
      return () => void listeners.delete(own);
    },
    tell,
    finish(message) {
      tell(message);
      listeners.clear();
    },
  };
}
