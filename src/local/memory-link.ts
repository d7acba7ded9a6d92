/**
 * An in-memory link: what is pushed is handled in order, one at a time. A handler may push; that is handled after it,
 * never inside it, as it would be with a network in between.
 */
export function createMemoryLink(): { push(delivery: () => void): void } {
  const waiting: (() => void)[] = [];
  let draining = false;
  return {
    push(delivery) {
      waiting.push(delivery);
      if (draining) return;
      draining = true;
      try {
        for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) next();
      } finally {
        draining = false;
      }
    },
  };
}
