import { linkPath } from "../../protocol/link.ts";
import type { WebSocketRoute } from "./route.ts";
import { streamMessage } from "./schema/execution.ts";

export const streamRoutes = {
  streamExecution: {
    webSocket: true,
    method: "GET",
    url: "/api/v1/executions/:id/ws",
    alias: "/api/v1/executions/:id/metrics/stream",
    role: "viewer",
    tag: "Executions",
    summary: "Streams an execution until it has ended",
    description:
      "A WebSocket. `metrics` comes at once and every second, `event` when something happens, `complete` once at the end, `error` for an unknown id; then it is closed.",
    message: streamMessage,
  },
  joinAsSlave: {
    webSocket: true,
    method: "GET",
    url: linkPath,
    role: "slave",
    tag: "Slaves",
    summary: "The link of a slave",
    description: "A WebSocket between master and slaves; what they say on it is no part of this API.",
    message: null,
  },
} as const satisfies Readonly<Record<string, WebSocketRoute>>;
