import type { Recorder, Tags } from "../../measure/recorder.ts";
import { toMicros } from "../../quantity.ts";
import type { WebSocketEvents } from "./websocket-connection.ts";

/** Where the connections of one step are measured. Times in ms. */
export interface WebSocketSeries extends WebSocketEvents {
  connected(duration: number): void;
  sent(data: string | Buffer): void;
  pinged(duration: number): void;
}

export function createWebSocketSeries(recorder: Recorder, tags: Tags): WebSocketSeries {
  const sessions = recorder.counter("ws_sessions", tags);
  const connecting = recorder.trend("ws_connecting", tags);
  const lifetimes = recorder.trend("ws_session_duration", tags);
  const sent = recorder.counter("ws_msgs_sent", tags);
  const received = recorder.counter("ws_msgs_received", tags);
  const dropped = recorder.counter("ws_msgs_dropped", tags);
  const pings = recorder.trend("ws_ping", tags);
  const sentBytes = recorder.counter("data_sent", tags);
  const receivedBytes = recorder.counter("data_received", tags);
  return {
    connected(duration) {
      sessions.add(1);
      connecting.add(toMicros(duration));
    },
    sent(data) {
      sent.add(1);
      sentBytes.add(Buffer.byteLength(data));
    },
    received(bytes) {
      received.add(1);
      receivedBytes.add(bytes);
    },
    dropped: () => dropped.add(1),
    ended: (lifetime) => lifetimes.add(toMicros(lifetime)),
    pinged: (duration) => pings.add(toMicros(duration)),
  };
}
