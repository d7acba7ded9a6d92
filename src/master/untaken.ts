import type { Alarm, Log } from "../protocol/ports.ts";
import { mayPass } from "../store/store.ts";
import { endUntaken } from "./end-untaken.ts";
import { storeUnstarted, unstartable } from "./end-unstarted.ts";
import { goOn, listUnfinished, readUnfinished, type TakeUpSurroundings, type UnfinishedExecution } from "./take-up.ts";
import type { TrackedWork } from "./tracked-work.ts";

/** Executions that had not ended when their master went, and that this one has not taken up yet. */
export interface Untaken {
  /** May an execution of this id still be taken up? Then nobody can say that it is unknown. */
  has(id: string): boolean;
  /** Those that ran when they were listed, and those that waited. */
  count(): { readonly active: number; readonly pending: number };
  /**
   * Tries each of them once. Those that the store could not give are tried again, and nobody waits for them; those whose
   * own record does not let them go on are ended. Rejects where they cannot be listed.
   */
  takeUp(): Promise<void>;
  /** Tries no more. Idempotent. */
  close(): void;
}

export interface UntakenOptions {
  readonly surroundings: TakeUpSurroundings;
  readonly engineVersion: string;
  readonly log: Log;
  readonly work: TrackedWork;
  /** Takes out what came half way. */
  drop(id: string): Promise<void>;
}

interface Trial {
  readonly unfinished: UnfinishedExecution;
  /** `Clock.now()` until which a store that is unable is waited for. */
  readonly until: number;
  failures: number;
  /** Why it cannot be taken up: then its end is what is tried. */
  reason: string | null;
}

/** So long slaves keep for an owner what they measured: after it there is nothing to come back to, ms. */
const patienceMs = 120_000;
const firstWaitMs = 250;
const longestWaitMs = 5_000;
const triedAtOnce = 50;

/** None is listed yet: any may be among them. */
export function createUntaken(options: UntakenOptions): Untaken {
  const { surroundings, log, work, engineVersion } = options;
  const { store, clock } = surroundings;
  const trials = new Map<string, Trial>();
  const alarms = new Set<Alarm>();
  let tried = false;
  let closed = false;

  const takeUp = async ({ unfinished }: Trial): Promise<void> => {
    const record = await readUnfinished(unfinished, store, clock);
    if (closed) return;
    const ending = goOn(record, surroundings);
    if (ending === null) return;
    const how = { ...unstartable, at: clock.wall(), engineVersion };
    await storeUnstarted(store, ending.card, how, ending.message);
  };
  const end = ({ unfinished, until }: Trial, reason: string): Promise<void> =>
    endUntaken(store, unfinished.row, {
      reason,
      at: clock.wall(),
      engineVersion,
      leavesOut: clock.now() >= until,
    });
  const attempt = async (trial: Trial): Promise<void> => {
    const { executionId: execution } = trial.unfinished.row;
    try {
      await (trial.reason === null ? takeUp(trial) : end(trial, trial.reason));
    } catch (error) {
      if (closed) return;
      const reason = error instanceof Error ? error.message : String(error);
      // An end is the last that is left of it: it is waited for however long it takes.
      if (mayPass(error) && (trial.reason !== null || clock.now() < trial.until)) return retry(trial, reason);
      if (trial.reason === null) {
        trial.reason = reason;
        log("error", `it cannot be taken up: ${reason}`, { execution });
        await options.drop(execution);
        return attempt(trial);
      }
      log("error", `its end was not stored, the next start tries again: ${reason}`, { execution });
    }
    trials.delete(execution);
  };
  const retry = (trial: Trial, reason: string): void => {
    const { executionId: execution } = trial.unfinished.row;
    if (trial.failures === 0) log("warn", `it is not taken up yet, and tried again: ${reason}`, { execution });
    const waitMs = Math.min(longestWaitMs, firstWaitMs * 2 ** Math.min(10, trial.failures++));
    const alarm = clock.at(clock.now() + waitMs, () => {
      alarms.delete(alarm);
      work.track(attempt(trial), `taking up ${execution}`);
    });
    alarms.add(alarm);
  };

  return {
    has: (id) => !tried || trials.has(id),
    count() {
      const active = [...trials.values()].filter(({ unfinished }) => unfinished.begun).length;
      return { active, pending: trials.size - active };
    },
    async takeUp() {
      const unfinished = await listUnfinished(store);
      const until = clock.now() + patienceMs;
      for (const each of unfinished) {
        trials.set(each.row.executionId, { unfinished: each, until, failures: 0, reason: null });
      }
      // Many at once share the store's transactions; they enter the queue in their order.
      const all = [...trials.values()];
      for (let at = 0; at < all.length; at += triedAtOnce) {
        await Promise.all(all.slice(at, at + triedAtOnce).map(attempt));
      }
      tried = true;
    },
    close() {
      closed = true;
      for (const alarm of alarms) alarm.cancel();
    },
  };
}
