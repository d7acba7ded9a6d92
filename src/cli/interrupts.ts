/** The signals that ask a run to end. */
const runSignals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
/** Those that ask a master or slave to end; SIGHUP means something else there. */
export const nodeSignals = ["SIGINT", "SIGTERM"] as const;

/** Calls `onSignal` with 1, 2, 3 … for every request to end, instead of ending the process, until `close`. */
export function watchInterrupts(
  onSignal: (times: number) => void,
  signals: readonly NodeJS.Signals[] = runSignals,
): { close(): void } {
  let times = 0;
  const handle = (): void => onSignal(++times);
  for (const signal of signals) process.on(signal, handle);
  return {
    close() {
      for (const signal of signals) process.off(signal, handle);
    },
  };
}
