import type { DriverOutcome } from "../../driver/call-driver.ts";
import type { Rate, Recorder, Tags, Trend } from "../../measure/recorder.ts";
import { toMicros } from "../../quantity.ts";

/** Where one step counts. Interrupted calls tell nothing about the broker. */
export interface MqSeries {
  published(outcome: DriverOutcome<unknown>, bytes: number): void;
  consumed(outcome: DriverOutcome<unknown>): void;
  /** One message of so many bytes. */
  received(bytes: number): void;
  /** From the publisher to here, ms. */
  travelled(ms: number): void;
}

/** `tags`: the step's, `method` and `proto`; a failed call carries `error_code` too. */
export function createMqSeries(recorder: Recorder, tags: Tags): MqSeries {
  const sent = recorder.counter("mq_msgs_sent", tags);
  const received = recorder.counter("mq_msgs_received", tags);
  const sentBytes = recorder.counter("data_sent", tags);
  const receivedBytes = recorder.counter("data_received", tags);
  const latency = recorder.trend("mq_e2e_latency", tags);
  const known = new Map<string, { readonly failed: Rate; readonly duration: Trend }>();
  const metric = tags["method"] === "publish" ? "mq_publish_duration" : "mq_consume_duration";

  function record(outcome: DriverOutcome<unknown>): void {
    if (outcome.kind === "interrupted") return;
    const code = outcome.kind === "failed" ? outcome.failure.code : "";
    let handles = known.get(code);
    if (handles === undefined) {
      const own = code === "" ? tags : { ...tags, error_code: code };
      handles = { failed: recorder.rate("mq_req_failed", own), duration: recorder.trend(metric, own) };
      known.set(code, handles);
    }
    handles.failed.add(outcome.kind === "failed");
    handles.duration.add(toMicros(outcome.duration));
  }

  return {
    published(outcome, bytes) {
      record(outcome);
      if (outcome.kind !== "done") return;
      sent.add(1);
      sentBytes.add(bytes);
    },
    consumed: record,
    received(bytes) {
      received.add(1);
      receivedBytes.add(bytes);
    },
    travelled: (ms) => latency.add(toMicros(Math.max(0, ms))),
  };
}
