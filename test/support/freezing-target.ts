import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

/** What a target says of its standstill. Times are epoch ms with fractions. */
export interface Standstill {
  readonly frozen: readonly [from: number, to: number];
  /** When each request was answered. */
  readonly answers: readonly (readonly [index: number, at: number])[];
}

/** Starts a target, in a process of its own, that stands still for `freezeMs` when the request `/?i=<freezeAt>` comes. */
export async function startFreezingTarget(
  freezeAt: number,
  freezeMs: number,
): Promise<{ readonly url: string; tell(): Promise<Standstill> }> {
  const entry = fileURLToPath(new URL("./freezing-target-process.ts", import.meta.url));
  const child = fork(entry, [String(freezeAt), String(freezeMs)], { serialization: "advanced" });
  onTestFinished(async () => {
    const ended = once(child, "exit");
    child.disconnect();
    await ended;
  });
  const [{ port }] = (await once(child, "message")) as [{ readonly port: number }];
  return {
    url: `http://127.0.0.1:${port}`,
    async tell() {
      const told = once(child, "message");
      child.send("tell");
      return (await told)[0] as Standstill;
    },
  };
}
