// The package's only entry.
export * from "./builder/steps.ts";
export type { Step, StepFields, StepOf, WorkflowDocument } from "./builder/document.ts";
export {
  type CallOptions,
  Client,
  type ClientOptions,
  type ListQuery,
  type PostOptions,
  type StopQuery,
  type TimeSeriesQuery,
} from "./client/client.ts";
export type { Connection } from "./client/connection.ts";
export type { Follower, FollowOptions } from "./client/follow.ts";
export { EngineError, type ErrorCode } from "./errors.ts";
export { run, type RunOptions } from "./local/run.ts";
export type { Problem } from "./protocol/problem.ts";
export type { ExecutionEvent, Report, TimePoint, TimeSeries } from "./protocol/report.ts";
export type {
  ControlAnswer,
  DrainAnswer,
  Execution,
  ExecutionList,
  ExecutionStatus,
  LogLine,
  LogList,
  MasterStatus,
  Metrics,
  ScaleAnswer,
  PauseBody,
  ScaleBody,
  Slave,
  SlaveList,
  StopWorkflowAnswer,
  StreamMessage,
  SubmitAnswer,
  TicketAnswer,
  WhoAmI,
  SubmitBody,
  ValidateAnswer,
  WorkflowList,
  WorkflowSummary,
} from "./protocol/rest.ts";
export type { Workflow } from "./protocol/workflow.ts";
