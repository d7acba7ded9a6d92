import fc from "fast-check";
import { expect, test } from "vitest";
import type { Frame } from "../protocol/frame.ts";
import type { Order } from "../protocol/message.ts";
import { advanceSlave, createSlaveState, type SlaveEffect, type SlaveEvent } from "./slave.ts";

const prepare = { type: "prepare" } as Order;
const start: Order = { type: "start", shared: {}, inMs: 0 };
const stop: Order = { type: "stop", command: "c", graceMs: 0 };
const teardown: Order = { type: "teardown", shared: {} };
const order = (of: Order): SlaveEvent => ({ type: "order", order: of });
const frame = (number: number): SlaveEvent => ({ type: "frame", frame: { number } as Frame });
/** `send`, or the order that is carried out. */
const typesOf = (effects: readonly SlaveEffect[]) =>
  effects.map((effect) => (effect.type === "send" ? "send" : effect.order.type));

test("orders are carried out in the one order that makes sense", () => {
  const state = createSlaveState();
  expect(typesOf(advanceSlave(state, order(start)))).toEqual([]);
  expect(typesOf(advanceSlave(state, order(prepare)))).toEqual(["prepare"]);
  expect(typesOf(advanceSlave(state, order(start)))).toEqual([]);
  expect(typesOf(advanceSlave(state, { type: "fact", fact: { type: "prepared" } }))).toEqual(["send"]);
  expect(typesOf(advanceSlave(state, order({ type: "setup" })))).toEqual(["setup"]);
  expect(typesOf(advanceSlave(state, order(teardown)))).toEqual([]);
  expect(typesOf(advanceSlave(state, order(start)))).toEqual(["start"]);
  expect(typesOf(advanceSlave(state, order(stop)))).toEqual(["stop"]);
  expect(typesOf(advanceSlave(state, { type: "done", testTimeMs: 0 }))).toEqual(["send"]);
  expect(typesOf(advanceSlave(state, order(stop)))).toEqual([]);
  expect(typesOf(advanceSlave(state, order(teardown)))).toEqual(["teardown"]);
  expect(typesOf(advanceSlave(state, order({ type: "close" })))).toEqual(["close"]);
  expect(state.phase).toBe("closed");
});

test("a repeated order changes nothing", () => {
  const state = createSlaveState();
  advanceSlave(state, order(prepare));
  expect(advanceSlave(state, order(prepare))).toEqual([]);
  advanceSlave(state, order({ type: "close" }));
  expect(advanceSlave(state, order({ type: "close" }))).toEqual([]);
});

test("frames are kept until they are acknowledged", () => {
  fc.assert(
    fc.property(fc.nat(30), fc.array(fc.nat(30)), (sent, acks) => {
      const state = createSlaveState();
      for (let number = 1; number <= sent; number++) {
        expect(advanceSlave(state, frame(number))).toEqual([
          { type: "send", fact: { type: "frame", frame: { number } } },
        ]);
      }
      for (const through of acks) advanceSlave(state, order({ type: "ack", through }));
      const highest = Math.max(0, ...acks);
      const kept = state.frames.sent.map(({ number }) => number);
      expect(kept).toEqual(Array.from({ length: Math.max(0, sent - highest) }, (_, at) => highest + 1 + at));
    }),
  );
});

test("every order in any sequence gives at most one effect and never leaves closed", () => {
  const orders: Order[] = [
    prepare,
    { type: "setup" },
    start,
    stop,
    { type: "pause", command: "p", serial: 1, atMs: 0 },
    { type: "resume", command: "r", serial: 2, atWallMs: 0, testTimeMs: 0 },
    teardown,
  ];
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...orders)), (sequence) => {
      const state = createSlaveState();
      for (const each of sequence) expect(advanceSlave(state, order(each)).length).toBeLessThanOrEqual(1);
      advanceSlave(state, order({ type: "close" }));
      for (const each of sequence) expect(advanceSlave(state, order(each))).toEqual([]);
      expect(state.phase).toBe("closed");
    }),
  );
});
