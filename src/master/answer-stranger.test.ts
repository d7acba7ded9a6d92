import { expect, test } from "vitest";
import { createFrame } from "../../test/support/stores.ts";
import type { ToSlave } from "../protocol/link.ts";
import type { Fact } from "../protocol/message.ts";
import type { Report } from "../protocol/report.ts";
import { createMemoryStore } from "../store/memory.ts";
import { answerStranger } from "./answer-stranger.ts";
import { createLateFrames } from "./late-frames.ts";

test("a slave of an execution that ended without it is asked for all that it has kept, and that is counted", async () => {
  const store = createMemoryStore();
  const token = await store.acquire("x");
  await store.writeCheckpoint("x", { token, state: { sources: [["s0#1", {}]] } });
  const late = { frames: 0, http_reqs: 0, iterations: 0 };
  await store.putDocument("x", "report", { late, lost: { iterations: 0 } } as Report);
  const lateFrames = createLateFrames(store);
  const say = async (fact: Fact): Promise<readonly string[]> => {
    const told: ToSlave[] = [];
    const link = { send: (message: ToSlave) => void told.push(message), close: () => undefined, bufferedBytes: 0 };
    await answerStranger("s0", () => link, { type: "fact", execution: "x", incarnation: 1, fact }, lateFrames);
    return told.map((message) => (message.type === "order" ? JSON.stringify(message.order) : message.type));
  };
  const heartbeat = { type: "heartbeat", sequence: 1, suspended: false, seen: [0, 0] } as const;
  expect(await say({ ...heartbeat, lastFrame: null })).toEqual(['{"type":"expel"}', '{"type":"close"}']);
  expect(await say({ ...heartbeat, lastFrame: 2 })).toEqual([
    '{"type":"expel"}',
    '{"type":"resend","after":null}',
    '{"type":"close"}',
  ]);
  expect(await say({ type: "frame", frame: createFrame(1, 7) })).toEqual(['{"type":"ack","through":1}']);
  expect(await say({ type: "frame", frame: createFrame(2, 7) })).toEqual(['{"type":"ack","through":2}']);
  expect(await store.getDocument("x", "report")).toMatchObject({ late: { frames: 2, http_reqs: 14 } });
});
