import type { Client } from "../client/client.ts";
import type { Clock, Log } from "../protocol/ports.ts";
import type { EventType, Report } from "../protocol/report.ts";
import type { ExecutionStatus } from "../protocol/rest.ts";
import { EngineError } from "../errors.ts";
import { createMasterView } from "./master-view.ts";
import type { Goal } from "./progress-text.ts";
import { showProgress } from "./progress.ts";
import type { Terminal } from "./terminal.ts";

export interface FollowOptions {
  readonly client: Client;
  readonly id: string;
  readonly terminal: Terminal;
  readonly clock: Clock;
  readonly log: Log;
  readonly goal: Goal;
  /** No living lines. */
  readonly quiet: boolean;
  /** Each time the master tells of it. */
  onStatus?(status: ExecutionStatus): void;
  /** The master that was lost is back. */
  onFound?(): void;
}

/** An execution that is being followed. */
export interface Followed {
  /** Its report, once it has ended. Rejects with EngineError. */
  readonly report: Promise<Report>;
  /** No master answers at present. */
  readonly lost: boolean;
  /** Takes the living lines away and stops listening; idempotent. */
  close(): void;
}

const grave: ReadonlySet<EventType> = new Set<EventType>([
  "slave_lost",
  "capacity_short",
  "suspended",
  "threshold_crossed",
  "teardown_not_run",
  "data_over",
  "rows_lost",
  "frames_lost",
]);

/** Nobody need hear of a shorter wait. */
const patienceMs = 2_000;

/** Shows how an execution goes until it has ended, as `run` does; a lost master is waited for. */
export function followMaster(options: FollowOptions): Followed {
  const { client, id, terminal, clock, log, goal, quiet } = options;
  const view = createMasterView(clock);
  const progress = quiet ? null : showProgress({ terminal, clock, goal, view: () => view.view() });
  const told = new Set<string>();
  const startedAt = clock.now();
  let waiting = false;
  let lost = false;
  const follower = client.follow(id, {
    onLost({ message }) {
      lost = true;
      log("warn", `${message}; trying again for 5 minutes`);
    },
    onFound() {
      lost = false;
      log("warn", "the master is back");
      options.onFound?.();
    },
    onMessage: (message) => {
      if (message.type === "metrics") {
        view.note(message);
        options.onStatus?.(message.status);
        if (quiet || waiting || message.status !== "pending" || clock.now() - startedAt < patienceMs) return;
        waiting = true;
        terminal.tell("waiting for its turn, or for slaves with room\n");
        return;
      }
      const { time, type, message: text } = message.event;
      const key = `${time} ${type} ${text}`;
      // A master that came back may tell them again.
      if (told.has(key)) return;
      told.add(key);
      log(grave.has(type) ? "warn" : "info", text);
    },
  });
  const report = follower.completed.then(({ status, report: final }) => {
    if (final !== null) return final;
    throw new EngineError(
      "internal_error",
      `the execution ended as ${status} without a report; the master's log says more`,
    );
  });
  return {
    report,
    get lost() {
      return lost;
    },
    close() {
      progress?.close();
      follower.close();
    },
  };
}
