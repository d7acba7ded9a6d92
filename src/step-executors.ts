import type { Recorder } from "./measure/recorder.ts";
import type { Executor, ExecutorContext } from "./protocol/step.ts";

/** Makes the executor of one step type; called once per thread and execution. */
export interface ExecutorFactory {
  (context: ExecutorContext, recorder: Recorder): Executor;
  /** Loads all its drivers, of which a run loads what it uses. Rejects when one is missing. */
  readonly loadDrivers?: () => Promise<void>;
}

/** One row per step type; a row's code and its drivers are loaded when a workflow uses the type. */
export const stepExecutors = {
  http: () => import("./executors/http/executor.ts").then((module) => module.createHttpExecutor),
  script: () => import("./executors/script/executor.ts").then((module) => module.loadScriptExecutor()),
  db: () => import("./executors/db/executor.ts").then((module) => module.createDbExecutor),
  mq: () => import("./executors/mq/executor.ts").then((module) => module.createMqExecutor),
  socket: () => import("./executors/socket/executor.ts").then((module) => module.createSocketExecutor),
  grpc: () => import("./executors/grpc/executor.ts").then((module) => module.createGrpcExecutor),
  websocket: () => import("./executors/websocket/executor.ts").then((module) => module.createWebSocketExecutor),
  sse: () => import("./executors/sse/executor.ts").then((module) => module.createSseExecutor),
} as const satisfies Record<string, () => Promise<ExecutorFactory>>;
