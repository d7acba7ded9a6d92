/** The signals that ask a run to end. */
const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Calls `onSignal` with 1, 2, 3 … for every request to end, instead of ending the process, until `close`. */
export function watchInterrupts(onSignal: (times: number) => void): { close(): void } {
  let times = 0;
  const handle = (): void => onSignal(++times);
  for (const signal of signals) process.on(signal, handle);
  return {
    close() {
      for (const signal of signals) process.off(signal, handle);
    },
  };
}
