/**
 * Handles what is pushed in order, one at a time. A handler may push; that is handled after it, never inside it.
 */
export function createEventQueue(): { push(task: () => void): void } {
  const waiting: (() => void)[] = [];
  let busy = false;
  return {
    push(task) {
      waiting.push(task);
      if (busy) return;
      busy = true;
      try {
        for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) next();
      } finally {
        busy = false;
      }
    },
  };
}
