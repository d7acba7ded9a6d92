// The package's only entry.
export { EngineError, type ErrorCode } from "./errors.ts";
export { run, type RunOptions } from "./local/run.ts";
export type { Problem } from "./protocol/problem.ts";
export type { Report } from "./protocol/report.ts";
export type { Workflow } from "./protocol/workflow.ts";
