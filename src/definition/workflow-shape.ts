import { pauseShape } from "../protocol/pause.ts";
import {
  any,
  choice,
  duration,
  flag,
  later,
  list,
  map,
  type ObjectShape,
  object,
  positiveDuration,
  scalar,
  type Shape,
  text,
  union,
} from "../protocol/shape.ts";
import { stepOptions } from "../step-specs.ts";
import { modeFields } from "./mode-fields.ts";

const id: Shape = {
  kind: "text",
  pattern: /^[\p{L}\p{M}\p{N}_-]{1,64}$/u,
  accepts: "at most 64 letters, digits, `_` and `-`",
};
const name: Shape = {
  kind: "text",
  pattern: /^[\p{L}_][\p{L}\p{M}\p{N}_-]{0,63}$/u,
  accepts: "a name: a letter, then at most 63 letters, digits, `_` and `-`",
};
const vus: Shape = { kind: "number", min: 1, max: 10_000_000, whole: true };
const vusOrNone: Shape = { kind: "number", min: 0, max: 10_000_000, whole: true };
const rate: Shape = { kind: "number", above: 0, max: 1e9 };
const tags = map(scalar);
const metricType: Shape = choice("counter", "gauge", "rate", "trend");

const retryFields = object({
  max_attempts: { kind: "number", min: 1, max: 1000, whole: true },
  delay: duration,
  backoff: choice("fixed", "linear", "exponential"),
  max_delay: duration,
});
const onError = union(choice("abort", "continue", "skip", "retry"), retryFields);

const hook: Shape = { kind: "steps", single: true };
const steps: Shape = { kind: "steps" };

/** The load of a scenario, and what goes with it. */
export const loadShapes: Readonly<Record<string, Shape>> = {
  mode: { kind: "choice", values: Object.keys(modeFields), later: ["find-limit"] },
  vus,
  duration: positiveDuration,
  iterations: { kind: "number", min: 1, max: Number.MAX_SAFE_INTEGER, whole: true },
  stages: list(object({ duration, target: { kind: "number", min: 0, max: 1e9 } }, ["duration", "target"]), 1),
  rate,
  time_unit: positiveDuration,
  pre_allocated_vus: vus,
  max_vus: vus,
  start_vus: vusOrNone,
  start_rate: { kind: "number", min: 0, max: 1e9 },
  ramp_up: duration,
  graceful_stop: duration,
  graceful_ramp_down: duration,
  max_duration: positiveDuration,
  pacing: duration,
  think_time: pauseShape,
  find_limit: later("a search for the limit"),
};

const targetSlaves = object({
  mode: choice("manual", "label", "capability", "auto"),
  slave_ids: list(text),
  labels: map(scalar),
  capabilities: list(text),
  min_slaves: vus,
  max_slaves: vus,
});

const thresholdFields: Readonly<Record<string, Shape>> = {
  abort_on_fail: flag,
  abortOnFail: flag,
  delay: duration,
  delayAbortEval: duration,
  window: positiveDuration,
  no_data: choice("fail", "pass"),
};
const k6Threshold = union(text, object({ threshold: text, condition: text, ...thresholdFields }));
const thresholds = union(
  list(object({ metric: text, condition: text, ...thresholdFields }, ["metric", "condition"])),
  map(union(text, list(k6Threshold, 1), object({ threshold: text, condition: text, ...thresholdFields }))),
);

const options: ObjectShape = object({
  ...loadShapes,
  warm_up: duration,
  thresholds,
  target_slaves: targetSlaves,
  on_slave_loss: choice("redistribute", "continue", "abort"),
  on_slave_join: choice("fill", "rebalance"),
  http: stepOptions.http.shape,
  tags,
  outputs: later("an output in the workflow"),
  on_error: onError,
  setup_timeout: positiveDuration,
  teardown_timeout: positiveDuration,
});

const scenario: ObjectShape = object(
  { ...loadShapes, start_time: duration, steps, variables: map(any), tags, target_slaves: targetSlaves },
  ["steps"],
);

/** A whole workflow file. */
export const workflowShape: ObjectShape = object({
  id,
  name: text,
  description: text,
  version: scalar,
  variables: { kind: "map", of: any },
  data: later("a data feeder"),
  connections: later("a named connection"),
  metrics: { kind: "map", of: metricType, keys: /^[\p{L}_][\p{L}\p{N}_.]{0,127}$/u, keysAccept: "a metric name" },
  http: stepOptions.http.shape,
  options,
  setup: steps,
  steps,
  scenarios: { kind: "map", of: scenario, keys: /^[\p{L}\p{M}\p{N}_-]{1,64}$/u, keysAccept: "a scenario name" },
  teardown: steps,
  vu_setup: steps,
  vu_teardown: steps,
  pre_hook: hook,
  post_hook: hook,
  fragments: later("a fragment"),
});

const assertion: ObjectShape = object({
  name: text,
  type: {
    kind: "choice",
    values: ["status", "body", "json", "header", "cookie", "duration", "regex"],
    later: ["schema", "xpath"],
  },
  path: scalar,
  pattern: text,
  operator: choice(
    "eq",
    "ne",
    "gt",
    "gte",
    "lt",
    "lte",
    "contains",
    "not_contains",
    "starts_with",
    "ends_with",
    "matches",
    "in",
    "exists",
    "empty",
    "length",
    "type",
  ),
  value: any,
});

const extraction: ObjectShape = object(
  {
    name,
    from: { kind: "choice", values: ["json", "regex", "header", "cookie", "status", "body"], later: ["xpath", "css"] },
    path: scalar,
    pattern: text,
    default: any,
    all: flag,
    scope: choice("iteration", "vu"),
  },
  ["name"],
);

/** Every step's fields, whatever its type; `config` and the type's own key are checked by the type's spec. */
export const stepFields: Readonly<Record<string, Shape>> = {
  id,
  name: text,
  type: text,
  timeout: positiveDuration,
  on_error: onError,
  retry: retryFields,
  condition: union(text, flag),
  extract: list(extraction),
  assert: list(assertion),
  checks: list(assertion),
  pre_hook: hook,
  post_hook: hook,
  think_time: pauseShape,
  tags,
  disabled: flag,
};

/** Step types that later versions will have. */
export const laterTypes: readonly string[] = [
  "script",
  "db",
  "mq",
  "socket",
  "websocket",
  "sse",
  "grpc",
  "condition",
  "loop",
  "parallel",
  "switch",
  "retry",
  "wait_until",
  "break",
  "continue",
  "call",
  "rendezvous",
];
