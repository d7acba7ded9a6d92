import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

/** One request that reached the target. */
export interface Arrival {
  /** Epoch ms with fractions, by the target's monotonic clock. */
  readonly at: number;
  readonly path: string;
  /** The headers `x-vu`, `x-iteration` and `x-slave`; null: absent. */
  readonly vu: number | null;
  readonly iteration: number | null;
  readonly slave: string;
}

/** A target in a process of its own, so that what it counts is nobody else's opinion. */
export interface CountingTarget {
  readonly url: string;
  /** Requests so far. */
  count(): Promise<number>;
  /** All requests so far, in order. */
  list(): Promise<readonly Arrival[]>;
  /** Requests after the first so many are counted and not answered until `release`: so long their iterations last. */
  hold(after?: number): Promise<void>;
  /** Answers those that were held, and all that come. */
  release(): Promise<void>;
  close(): Promise<void>;
}

/** The headers of a step that name the VU, the iteration and the slave. */
export const tellingHeaders = {
  "x-vu": "${vu.id}",
  "x-iteration": "${iteration}",
  "x-slave": "${slave.id}",
} as const;

/** Starts one on a free port; each answer takes `delayMs`. */
async function startCountingTarget(delayMs = 0): Promise<CountingTarget> {
  const entry = fileURLToPath(new URL("./counting-target-process.ts", import.meta.url));
  const child = fork(entry, [String(delayMs)], { serialization: "advanced" });
  const { port } = await answerOf<{ readonly port: number }>(child);
  let asked: Promise<unknown> = Promise.resolve();
  /** One question at a time: answers carry no number. */
  const ask = <Answer>(question: string): Promise<Answer> => {
    const answer = asked.then(() => {
      const coming = answerOf<Answer>(child);
      child.send(question);
      return coming;
    });
    asked = answer;
    return answer;
  };
  return {
    url: `http://127.0.0.1:${port}`,
    count: async () => (await ask<{ readonly count: number }>("count")).count,
    list: async () => (await ask<{ readonly arrivals: readonly Arrival[] }>("list")).arrivals,
    hold: async (after = 0) => void (await ask(`hold ${after}`)),
    release: async () => void (await ask("release")),
    async close() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, "exit");
      child.disconnect();
      await ended;
    },
  };
}

/** One that ends with the test. */
export async function startTestTarget(delayMs = 0): Promise<CountingTarget> {
  const target = await startCountingTarget(delayMs);
  onTestFinished(() => target.close());
  return target;
}

async function answerOf<Answer>(child: ChildProcess): Promise<Answer> {
  const [answer] = (await once(child, "message")) as [Answer];
  return answer;
}

/** Waits for what is on its way: until the target has counted the same for a second. Gives that count. */
export async function countQuiet(target: CountingTarget): Promise<number> {
  let count = await target.count();
  for (let looks = 0; looks < 10; looks++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    const now = await target.count();
    if (now !== count) looks = -1;
    count = now;
  }
  return count;
}
