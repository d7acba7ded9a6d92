import { expect, onTestFinished, test } from "vitest";
import { createTurnedClock } from "../../test/support/turned-clock.ts";
import { computeLeaseTimes } from "../cluster/lease-times.ts";
import { createExecutionAgent } from "./execution-agent.ts";

test("the time for which it was frozen is none in which its owner was silent", async () => {
  const clock = createTurnedClock();
  const logged: string[] = [];
  const sent: string[] = [];
  let over = false;
  const agent = createExecutionAgent({
    source: { executionId: "e", incarnation: 1 },
    times: computeLeaseTimes(10_000, 1_000),
    clock,
    log: (_level, message) => logged.push(message),
    orphanMs: 60_000,
    send: ({ type }) => sent.push(type),
    createRun: () => {
      throw new Error("it is told to prepare nothing");
    },
    onOver: () => (over = true),
  });
  onTestFinished(() => agent.close());
  await clock.turn(30_000);
  const before = sent.length;
  await clock.freeze(600_000);
  // It says that it is there, and has as much time left as before.
  expect(sent.slice(before)).toEqual(["heartbeat"]);
  await clock.turn(27_000);
  expect(over).toBe(false);
  await clock.turn(5_000);
  expect([over, logged]).toEqual([true, ["no word from its master for 60 s, it ends here"]]);
});
