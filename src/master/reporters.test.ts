import { expect, test } from "vitest";
import { createTurnedClock } from "../../test/support/turned-clock.ts";
import type { SlaveLink, ToSlave } from "../protocol/link.ts";
import type { Order } from "../protocol/message.ts";
import { createReporters } from "./reporters.ts";

function makeLink() {
  const sent: string[] = [];
  const closed: string[] = [];
  const send = (message: ToSlave) => sent.push(message.type === "order" ? message.order.type : message.type);
  const link: SlaveLink = { send, close: (reason) => closed.push(reason), bufferedBytes: 0 };
  return { link, sent, closed };
}

const order = (of: Order): ToSlave => ({
  type: "order",
  stamp: { executionId: "x", incarnation: 1, token: 1, record: 0 },
  order: of,
});

test("only who had the id once is let in, and hears nothing but what ends its report", () => {
  const reporters = createReporters(createTurnedClock(), 2_000);
  const slave = makeLink();
  const old = makeLink();
  expect(reporters.admit("a", "old", old.link)).toBe(false);
  reporters.noteReplaced("a", "old");
  expect(reporters.admit("b", "old", old.link)).toBe(false);
  expect(reporters.admit("a", "old", old.link)).toBe(true);
  expect([reporters.has("a", "old"), reporters.has("a", "new"), reporters.has("b", "old")]).toEqual([
    true,
    false,
    false,
  ]);
  const joined = reporters.join("a", slave.link);
  for (const each of [{ type: "ack", through: 1 }, { type: "close" }, { type: "expel" }] as const) {
    joined?.send(order(each));
  }
  joined?.send({ type: "probe" });
  expect(slave.sent).toEqual(["ack", "close", "expel", "probe"]);
  expect(old.sent).toEqual(["ack", "expel"]);
  expect(reporters.join("b", null)).toBe(null);
});

test("one that reports nothing any more is sent away for good; one that was cut off may come again", async () => {
  const clock = createTurnedClock();
  const reporters = createReporters(clock, 2_000);
  reporters.noteReplaced("a", "old");
  const first = makeLink();
  reporters.admit("a", "old", first.link);
  reporters.leave("old");
  expect(reporters.has("a", "old")).toBe(false);
  const second = makeLink();
  expect(reporters.admit("a", "old", second.link)).toBe(true);
  await clock.turn(1_500);
  reporters.noteReport("old");
  await clock.turn(1_500);
  expect(second.closed).toEqual([]);
  await clock.turn(500);
  expect(second.closed.length).toBe(1);
  expect([reporters.has("a", "old"), reporters.admit("a", "old", second.link)]).toEqual([false, false]);
});
