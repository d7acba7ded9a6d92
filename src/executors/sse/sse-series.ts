import type { Recorder, Tags } from "../../measure/recorder.ts";
import { toMicros } from "../../quantity.ts";
import type { StreamEvents } from "./event-stream.ts";

/** Where the streams of one step are measured. Times in ms. */
export interface SseSeries extends StreamEvents {
  connected(duration: number): void;
}

export function createSseSeries(recorder: Recorder, tags: Tags): SseSeries {
  const streams = recorder.counter("sse_streams", tags);
  const connecting = recorder.trend("sse_connecting", tags);
  const firsts = recorder.trend("sse_first_event", tags);
  const lifetimes = recorder.trend("sse_stream_duration", tags);
  const received = recorder.counter("sse_events_received", tags);
  const dropped = recorder.counter("sse_events_dropped", tags);
  const receivedBytes = recorder.counter("data_received", tags);
  return {
    connected(duration) {
      streams.add(1);
      connecting.add(toMicros(duration));
    },
    received: (bytes) => receivedBytes.add(bytes),
    event: () => received.add(1),
    dropped: () => dropped.add(1),
    firstEvent: (sinceRequest) => firsts.add(toMicros(sinceRequest)),
    ended: (lifetime) => lifetimes.add(toMicros(lifetime)),
  };
}
