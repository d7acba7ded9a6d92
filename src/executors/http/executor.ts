import type { Recorder } from "../../measure/recorder.ts";
import type { Executor, ExecutorContext } from "../../protocol/step.ts";

/** Performs `http` steps over HTTP/1.1. */
export function createHttpExecutor(_context: ExecutorContext, _recorder: Recorder): Executor {
  throw new Error("the http executor is being written");
}
