import type { Recorder } from "./measure/recorder.ts";
import type { Executor, ExecutorContext } from "./protocol/step.ts";

/** Makes the executor of one step type; called once per thread and execution. */
export type ExecutorFactory = (context: ExecutorContext, recorder: Recorder) => Executor;

/** One row per step type; a row's code and its drivers are loaded when a workflow uses the type. */
export const stepExecutors = {
  http: () => import("./executors/http/executor.ts").then((module) => module.createHttpExecutor),
  script: () => import("./executors/script/executor.ts").then((module) => module.loadScriptExecutor()),
  socket: () => import("./executors/socket/executor.ts").then((module) => module.createSocketExecutor),
} as const satisfies Record<string, () => Promise<ExecutorFactory>>;
