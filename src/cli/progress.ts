import type { Clock } from "../protocol/ports.ts";
import type { LiveView } from "../report/live.ts";
import { type Goal, formatLiveLine, formatLiveView } from "./progress-text.ts";
import type { Terminal } from "./terminal.ts";

const redrawEveryMs = 250;

export interface ProgressOptions {
  readonly terminal: Terminal;
  readonly clock: Clock;
  readonly goal: Goal;
  view(): LiveView;
}

/** Shows how the run goes: two living lines on a terminal, else a line every 10 s and after a minute every minute. */
export function showProgress({ terminal, clock, goal, view }: ProgressOptions): { close(): void } {
  const startedAt = clock.now();
  const { interactive } = terminal.err;
  let time = startedAt;
  const wait = (): { cancel(): void } => {
    const passed = time - startedAt;
    time += interactive ? redrawEveryMs : passed < 60_000 ? 10_000 : 60_000;
    return clock.at(time, () => {
      if (interactive) terminal.showStatus(formatLiveView(view(), goal, terminal.err));
      else terminal.tell(formatLiveLine(view(), goal));
      alarm = wait();
    });
  };
  let alarm = wait();
  return {
    close() {
      alarm.cancel();
      terminal.showStatus([]);
    },
  };
}
