import { createRecorder } from "../../src/measure/thread-recorder.ts";
import type { Frame } from "../../src/protocol/frame.ts";

/** 20 series as an HTTP step has them: nine trends with some 60 occupied buckets, counters and rates. */
export function makeFrame(number: number): Frame {
  const recorder = createRecorder({ clock: { wall: () => 0 }, masker: (text) => text });
  const tags = { scenario: "default", step: "login", method: "GET", status: "200", name: "http://127.0.0.1/login" };
  const trends = ["http_req_duration", "http_req_duration_corrected", "http_req_total", "http_req_blocked"];
  trends.push("http_req_connecting", "http_req_sending", "http_req_waiting", "http_req_receiving", "step_duration");
  for (const metric of trends) {
    const trend = recorder.trend(metric, tags);
    for (let at = 0; at < 500; at++) trend.add(Math.floor(80 * Math.exp(((at * 7_919 + number * 31) % 512) / 768)));
  }
  const counters = ["http_reqs", "iterations", "data_sent", "data_received", "dropped_iterations", "lost_iterations"];
  for (const metric of counters) recorder.counter(metric, tags).add(500 + number);
  for (const metric of ["http_req_failed", "checks", "step_failed", "iteration_failed", "a_rate"]) {
    recorder.rate(metric, tags).add(true);
  }
  return {
    number,
    second: number,
    testTimeMs: number * 1_000,
    warmUp: false,
    ...recorder.cut(),
    vus: [{ scenario: "default", active: 100, most: 100, allocated: 100, planned: 100, iterations: 500 }],
    generator: { cpu: 0.5, eventLoopLagMs: 2, memory: 1e8 },
  };
}
