import { expect, test } from "vitest";
import { createTurnedClock } from "../../test/support/turned-clock.ts";
import { createCallDriver } from "./call-driver.ts";

test("what is made of an outcome may fail: the call rejects, also where nothing began", async () => {
  const clock = createTurnedClock();
  const { signal } = new AbortController();
  const seen: string[] = [];
  for (const [mayBegin, timeLeft] of [
    [false, 1_000],
    [true, 0],
    [true, 1_000],
  ] as const) {
    const drive = createCallDriver({ clock, permit: { maySend: () => mayBegin, refuses: () => null } });
    const driven = drive({ signal }, clock.now() + timeLeft, 1_000, {
      begin: (call) => call.done("answer"),
      describe: (error) => ({ code: "other", message: String(error) }),
      finish(outcome) {
        seen.push(outcome.kind);
        throw new Error(`no result for ${outcome.kind}`);
      },
    });
    await expect(driven).rejects.toThrow(`no result for ${seen.at(-1)}`);
  }
  expect(seen).toEqual(["interrupted", "failed", "done"]);
  expect(clock.pending).toBe(0);
});
