import type { Counter, Rate, Recorder, Tags, Trend } from "../../measure/recorder.ts";
import { toMicros } from "../../quantity.ts";
import type { CallAnswer } from "./perform-call.ts";
import type { Method } from "./find-method.ts";
import type { JudgedCall } from "./judge-answer.ts";

/** Where the calls of one step are counted, by their status. */
export interface GrpcSeries {
  /**
   * `duration`: milliseconds, without connecting; `answer`: null where nothing is known of what came. What was
   * interrupted counts as a call, and tells nothing about the server.
   */
  record(
    call: JudgedCall,
    duration: number,
    sent: readonly Buffer[],
    answer: CallAnswer | null,
    method: Method | null,
  ): void;
  /** Milliseconds. */
  connected(duration: number): void;
}

interface Handles {
  readonly count: Counter;
  readonly failed: Rate;
  readonly duration: Trend;
}

export function createGrpcSeries(recorder: Recorder, step: Tags, names: Tags): GrpcSeries {
  const tags = { ...step, ...names };
  const known = new Map<string, Handles>();
  const sentBytes = recorder.counter("data_sent", tags);
  const receivedBytes = recorder.counter("data_received", tags);
  const connecting = recorder.trend("grpc_connecting", tags);
  let streams: { readonly count: Counter; readonly sent: Counter; readonly received: Counter } | null = null;

  function find(code: number, errorCode: string | null): Handles {
    const key = errorCode === null ? String(code) : `${code} ${errorCode}`;
    const found = known.get(key);
    if (found !== undefined) return found;
    const own = { ...tags, status: String(code), ...(errorCode === null ? {} : { error_code: errorCode }) };
    const handles = {
      count: recorder.counter("grpc_reqs", own),
      failed: recorder.rate("grpc_req_failed", own),
      duration: recorder.trend("grpc_req_duration", own),
    };
    known.set(key, handles);
    return handles;
  }

  return {
    record({ code, outcome }, duration, sent, answer, method) {
      const errorCode = outcome.kind === "failed" ? outcome.failure.code : null;
      const { count, failed, duration: trend } = find(code, errorCode);
      count.add(1);
      for (const message of sent) sentBytes.add(message.length);
      if (answer !== null) receivedBytes.add(answer.receivedBytes);
      if (method !== null && (method.takesMany || method.givesMany)) {
        streams ??= {
          count: recorder.counter("grpc_streams", tags),
          sent: recorder.counter("grpc_streams_msgs_sent", tags),
          received: recorder.counter("grpc_streams_msgs_received", tags),
        };
        streams.count.add(1);
        streams.sent.add(sent.length);
        if (answer !== null) streams.received.add(answer.received);
      }
      if (outcome.kind === "interrupted") return;
      failed.add(errorCode !== null);
      trend.add(toMicros(duration));
    },
    connected: (duration) => connecting.add(toMicros(duration)),
  };
}
