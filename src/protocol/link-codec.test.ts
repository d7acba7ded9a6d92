import fc from "fast-check";
import { expect, test } from "vitest";
import { largestBucket } from "../measure/buckets.ts";
import { createRecorder } from "../measure/thread-recorder.ts";
import type { Frame, SeriesDelta } from "./frame.ts";
import { linkLimits, type ToMaster, type ToSlave } from "./link.ts";
import { decodeToMaster, decodeToSlave, encodeToMaster, encodeToSlave } from "./link-codec.ts";
import type { Fact, Order } from "./message.ts";

const frame: Frame = {
  number: 1,
  second: 0,
  testTimeMs: 12.5,
  warmUp: false,
  series: [
    { key: { metric: "http_reqs", type: "counter", tags: { step: "登录" } }, type: "counter", sum: 3 },
    {
      key: { metric: "http_req_duration", type: "trend", tags: {} },
      type: "trend",
      count: 3,
      sum: 600,
      min: 100,
      max: 300,
      buckets: Int32Array.of(100, 164, 201),
      counts: Uint32Array.of(1, 1, 1),
    },
    { key: { metric: "vus", type: "gauge", tags: {} }, type: "gauge", value: 2, min: 1, max: 3 },
    { key: { metric: "checks", type: "rate", tags: {} }, type: "rate", passes: 1, total: 2 },
  ],
  errors: [
    {
      code: "http_503",
      stepId: "login",
      message: "503",
      count: 1,
      firstSeen: 1e12,
      lastSeen: 1e12,
      sample: { time: 1e12, url: "GET http://x/", status: 503, body: "no" },
    },
  ],
  vus: [{ scenario: "default", active: 1, most: 2, allocated: 2, planned: 2, iterations: 7 }],
  halted: [{ scenario: "default", begun: 3, vus: [{ from: 1, to: 7, step: 2 }] }],
  overflow: { http_reqs: 2 },
  generator: { cpu: 0.5, eventLoopLagMs: 1.25, memory: 1e8 },
};

function wrap(fact: Fact): ToMaster {
  return { type: "fact", execution: "e1", incarnation: 1, fact };
}

function readBack(message: ToMaster): ToMaster {
  const decoded = decodeToMaster(encodeToMaster(message));
  if ("refusal" in decoded) throw new Error(decoded.refusal);
  return decoded.message;
}

function readOrderBack(order: Order): ToSlave {
  const stamp = { executionId: "e1", incarnation: 1, token: 7, record: 3 };
  const decoded = decodeToSlave(encodeToSlave({ type: "order", stamp, order }));
  if ("refusal" in decoded) throw new Error(decoded.refusal);
  return decoded.message;
}

test("the link's outermost bucket is the measures'", () => {
  expect(linkLimits.largestBucket).toBe(largestBucket);
});

test("a frame arrives as it was sent, typed arrays included", () => {
  expect(readBack(wrap({ type: "frame", frame }))).toStrictEqual(wrap({ type: "frame", frame }));
});

test("every frame that a recorder can cut arrives as it was sent", () => {
  const value = fc.maxSafeInteger();
  const act = fc.oneof(
    fc.record({ of: fc.constant("trend" as const), value: fc.integer({ min: -(2 ** 40), max: 2 ** 40 }) }),
    fc.record({ of: fc.constant("counter" as const), value: fc.nat() }),
    fc.record({ of: fc.constant("gauge" as const), value }),
    fc.record({ of: fc.constant("rate" as const), value }),
  );
  fc.assert(
    fc.property(fc.array(act, { maxLength: 60 }), fc.string(), (acts, tag) => {
      const recorder = createRecorder({ clock: { wall: () => 1e12 }, masker: (text) => text });
      for (const { of, value: amount } of acts) {
        if (of === "trend") recorder.trend("t", { tag }).add(amount);
        else if (of === "counter") recorder.counter("c", { tag }).add(amount);
        else if (of === "gauge") recorder.gauge("g", { tag }).set(amount);
        else recorder.rate("r", { tag }).add(amount > 0);
      }
      const cut: Frame = { ...frame, ...recorder.cut() };
      expect(readBack(wrap({ type: "frame", frame: cut }))).toEqual(wrap({ type: "frame", frame: cut }));
    }),
    { numRuns: 300 },
  );
});

test("shared values keep the digits of integers beyond 2^53", () => {
  const shared = { id: 12345678901234567890n, deep: [{ n: -9007199254740993n, text: '"9007199254740993\\' }], f: 0.1 };
  expect(readBack(wrap({ type: "setup_done", shared }))).toEqual(wrap({ type: "setup_done", shared }));
  expect(readOrderBack({ type: "teardown", shared })).toMatchObject({ order: { shared } });
});

const facts: readonly Fact[] = [
  { type: "prepared" },
  { type: "prepare_failed", code: "start_failed", message: "no" },
  { type: "setup_failed", message: "no", timedOut: true },
  { type: "started", atWallMs: 1.5e12 },
  { type: "started", atWallMs: null },
  { type: "applied", command: "c1", testTimeMs: null },
  { type: "done", lastFrame: 0 },
  { type: "teardown_done" },
  { type: "fault", message: "oh", fields: { a: [1] } },
  { type: "fault", message: "oh" },
  { type: "heartbeat", sequence: 1, lastFrame: null, suspended: false, seen: [0, 0] },
  { type: "granted", epoch: 3 },
  { type: "want", scenario: "default", serial: 0 },
  { type: "claim", scenario: "default", serial: 1, through: [[1, 5]] },
  { type: "closed", lastFrame: 0 },
  { type: "closed", lastFrame: null },
];

test.each(facts.map((fact) => [fact.type, fact] as const))("the fact %s arrives as it was sent", (_type, fact) => {
  expect(readBack(wrap(fact))).toStrictEqual(wrap(fact));
});

const scenario = {
  vus: [{ from: 1, to: Number.MAX_SAFE_INTEGER, step: 3 }],
  arrivals: [{ from: 0, to: null, period: 3, offsets: [0, 2] }],
  iterations: [[0, 10]] as const,
};
const orders: readonly Order[] = [
  { type: "setup" },
  { type: "start", shared: {}, inMs: -3.5, atWallMs: 1e12 },
  { type: "pause", command: "c", serial: 1, atMs: 1_000 },
  { type: "resume", command: "c", serial: 2, atWallMs: 1e12, testTimeMs: 1_000 },
  { type: "scale", command: "c", serial: 3, scenario: "default", target: 2.5, overMs: 0, atMs: 1 },
  { type: "stop", command: "c", graceMs: 0 },
  { type: "ack", through: 9 },
  { type: "renew", sequence: 2, ownerWallMs: 1e12 },
  { type: "release", epoch: 1, share: { scenarios: [{ ...scenario, begun: [[1, 2]] }] } },
  { type: "grant", epoch: 1, share: { scenarios: [scenario] } },
  { type: "claimed", scenario: "default", serial: 1 },
  { type: "resend", after: 0 },
  { type: "expel" },
  { type: "close" },
];

test.each(orders.map((order) => [order.type, order] as const))(
  "the order %s arrives as it was sent",
  (_type, order) => {
    expect(readOrderBack(order)).toStrictEqual({
      type: "order",
      stamp: { executionId: "e1", incarnation: 1, token: 7, record: 3 },
      order,
    });
  },
);

/** A frame with one thing changed, as a hostile slave would send it. */
function forge(change: (wire: Record<string, unknown>, series: Record<string, unknown>[]) => void): string {
  const message = JSON.parse(encodeToMaster(wrap({ type: "frame", frame }))) as {
    fact: { frame: Record<string, unknown> & { series: Record<string, unknown>[] } };
  };
  change(message.fact.frame, message.fact.frame.series);
  return JSON.stringify(message);
}

function refusalOf(text: string): string {
  const decoded = decodeToMaster(text);
  return "refusal" in decoded ? decoded.refusal : "it was taken";
}

const trend = (series: readonly Record<string, unknown>[]): Record<string, unknown> => series[1] ?? {};

test.each([
  [
    "a negative count",
    forge((_f, s) => Object.assign(s[0] ?? {}, { sum: -1 })),
    "fact.frame.series[0].sum: takes a number of 0",
  ],
  ["1e308", forge((_f, s) => Object.assign(s[0] ?? {}, { sum: 1e308 })), "series[0].sum"],
  [
    "NaN, which JSON makes null",
    forge((f) => Object.assign(f, { testTimeMs: Number.NaN })),
    "testTimeMs: takes a number",
  ],
  ["frame 0", forge((f) => Object.assign(f, { number: 0 })), "fact.frame.number: takes a whole number of 1"],
  ["frame 1.5", forge((f) => Object.assign(f, { number: 1.5 })), "fact.frame.number"],
  ["counts that do not add up", forge((_f, s) => Object.assign(trend(s), { count: 4 })), "do not sum up"],
  ["a sum out of reach", forge((_f, s) => Object.assign(trend(s), { sum: 6e9 })), "a sum that its count"],
  ["buckets out of order", forge((_f, s) => Object.assign(trend(s), { buckets: [201, 164, 100] })), "ascending"],
  ["an unknown bucket", forge((_f, s) => Object.assign(trend(s), { buckets: [100, 164, 4_000] })), "known buckets"],
  ["a count of 2^32", forge((_f, s) => Object.assign(trend(s), { counts: [1, 1, 2 ** 32] })), "2^32"],
  ["text in a bucket", forge((_f, s) => Object.assign(trend(s), { buckets: [100, 164, "x"] })), "known buckets"],
  ["more passes than tries", forge((_f, s) => Object.assign(s[3] ?? {}, { passes: 3 })), "more passes"],
  ["a key of another type", forge((_f, s) => Object.assign(s[0] ?? {}, { type: "rate" })), "another type than its key"],
  ["cpu 2", forge((f) => Object.assign(f, { generator: { cpu: 2, eventLoopLagMs: 0, memory: 0 } })), "generator.cpu"],
  [
    "10^6 series",
    forge((f) => Object.assign(f, { series: Array.from({ length: 1_000_000 }, () => ({})) })),
    "more than 2000000 values",
  ],
  [
    "too many series",
    forge((f) => Object.assign(f, { series: Array.from({ length: 100_001 }, () => 0) })),
    "series: has 100001 entries, at most 100000",
  ],
  [
    "a tag __proto__",
    forge((_f, s) =>
      Object.assign(s[0] ?? {}, {
        key: { metric: "m", type: "counter", tags: JSON.parse('{"__proto__": "x"}') as unknown },
      }),
    ),
    "takes no key __proto__",
  ],
  [
    "an unknown fact",
    JSON.stringify({ type: "fact", execution: "e", incarnation: 1, fact: { type: "toString" } }),
    'unknown type "toString"',
  ],
  ["an unknown message", '{"type":"__proto__"}', "unknown type"],
  ["no message", "[]", "takes an object"],
  ["no JSON", "{", "is not JSON"],
  ["a deep one", "[".repeat(201), "nested deeper than 200"],
  ["a deep one in the middle", `{"type":"status","x":${"[".repeat(300)}${"]".repeat(300)}}`, "nested deeper"],
  ["very many values", `[${"0,".repeat(2_000_001)}0]`, "more than 2000000 values"],
  [
    "an execution without a name",
    JSON.stringify({ type: "fact", execution: "", incarnation: 1, fact: { type: "closed", lastFrame: 0 } }),
    "execution: takes a name",
  ],
])("%s is refused with its place", (_name, text, wanted) => {
  expect(refusalOf(text)).toContain(wanted);
});

test("what a text pollutes is nothing", () => {
  const text =
    '{"type":"status","status":{"__proto__":{"cpu":1},"memory":1,"event_loop_lag_ms":0,"active_vus":0,"draining":false}}';
  expect(refusalOf(text)).toContain("status.cpu: takes a number");
  expect(Object.prototype).not.toHaveProperty("cpu");
});

test("brackets and commas inside of texts count for nothing", () => {
  const message = wrap({ type: "fault", message: `${"[".repeat(1_000)}${'\\",'.repeat(1_000)}` });
  expect(readBack(message)).toStrictEqual(message);
});

test("any text gives a message or a refusal, on both ends", () => {
  const valid = encodeToMaster(wrap({ type: "frame", frame }));
  const mutated = fc
    .tuple(fc.nat(valid.length - 1), fc.nat(8), fc.string({ maxLength: 8 }))
    .map(([at, cut, put]) => valid.slice(0, at) + put + valid.slice(at + cut));
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json(), mutated), (text) => {
      for (const decoded of [decodeToMaster(text), decodeToSlave(text)]) {
        expect("message" in decoded || typeof decoded.refusal === "string").toBe(true);
      }
    }),
    { numRuns: 2_000 },
  );
});

test("any value in any place of a frame is taken or refused, and what is taken adds up", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(0, 1, 2, 3),
      fc.constantFrom("sum", "count", "min", "max", "value", "counts", "buckets", "key"),
      fc.jsonValue(),
      (at, field, value) => {
        const decoded = decodeToMaster(forge((_frame, series) => Object.assign(series[at] ?? {}, { [field]: value })));
        if ("refusal" in decoded || decoded.message.type !== "fact" || decoded.message.fact.type !== "frame") return;
        for (const delta of decoded.message.fact.frame.series) expect(isPossible(delta)).toBe(true);
      },
    ),
    { numRuns: 1_000 },
  );
});

function isPossible(delta: SeriesDelta): boolean {
  switch (delta.type) {
    case "counter":
      return delta.sum >= 0 && delta.sum <= Number.MAX_SAFE_INTEGER;
    case "gauge":
      return delta.min <= delta.value && delta.value <= delta.max;
    case "rate":
      return delta.passes <= delta.total;
    case "trend":
      return delta.counts.reduce((sum, count) => sum + count, 0) === delta.count && delta.min <= delta.max;
    default:
      return delta satisfies never;
  }
}
