/** Nanoseconds per record through a trend's handle, and microseconds per cut and per frame applied. */
import { build } from "hdr-histogram-js";
import { Histogram } from "../src/measure/histogram.ts";
import { applyFrame, createSnapshot } from "../src/measure/snapshot.ts";
import { createRecorder } from "../src/measure/thread-recorder.ts";

const ROUNDS = 7;
const RECORDS = 5_000_000;

/** Latency-like microseconds, prepared so that making them costs nothing while measuring. */
const values = Int32Array.from({ length: 4_096 }, (_, place) =>
  Math.floor(80 * Math.exp(((place * 7_919) % 4_096) / 512)),
);

function measure(name: string, records: number, work: () => void): void {
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const from = performance.now();
    work();
    times.push(((performance.now() - from) * 1e6) / records);
  }
  const sorted = times.toSorted((left, right) => left - right);
  console.log(`${name.padEnd(44)} ${(sorted[ROUNDS >> 1] ?? 0).toFixed(2)} ns`);
}

const recorder = createRecorder({ clock: { wall: () => 0 }, masker: (text) => text });
const trends = Array.from({ length: 9 }, (_, place) => recorder.trend(`trend_${place}`, { step: "a" }));
const counter = recorder.counter("http_reqs", {});
const rate = recorder.rate("http_req_failed", {});
const histogram = new Histogram();
const reference = build({ numberOfSignificantValueDigits: 3 });

measure("Histogram.add", RECORDS, () => {
  for (let at = 0; at < RECORDS; at++) histogram.add(values[at & 4_095] ?? 0);
});
measure("nine trends of a request, a record", RECORDS, () => {
  for (let at = 0; at < RECORDS / 9; at++) for (const trend of trends) trend.add(values[at & 4_095] ?? 0);
});
measure("counter.add", RECORDS, () => {
  for (let at = 0; at < RECORDS; at++) counter.add(1);
});
measure("rate.add", RECORDS, () => {
  for (let at = 0; at < RECORDS; at++) rate.add((at & 7) === 0);
});
measure("hdr-histogram-js recordValue", RECORDS / 10, () => {
  for (let at = 0; at < RECORDS / 10; at++) reference.recordValue(values[at & 4_095] ?? 0);
});

const snapshot = createSnapshot({ metrics: {}, thresholds: [] });
let second = 0;
measure("a second's cut and frame of 100 trends", 200, () => {
  const many = Array.from({ length: 100 }, (_, place) => recorder.trend("http_req_duration", { step: String(place) }));
  for (let frame = 0; frame < 200; frame++) {
    for (const trend of many) for (let at = 0; at < 50; at++) trend.add(values[(at * 31 + frame) & 4_095] ?? 0);
    applyFrame(snapshot, "s", {
      number: second + 1,
      second: second++,
      testTimeMs: second * 1_000,
      warmUp: false,
      ...recorder.cut(),
      vus: [],
      generator: { cpu: 0, eventLoopLagMs: 0, memory: 0 },
    });
  }
});
