import {
  any,
  choice,
  describe,
  duration,
  flag,
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
import { outputTypes } from "../protocol/output.ts";
import { stepOptions } from "../step-specs.ts";
import { count, loadShapes } from "./load-shape.ts";
import { hook, id, onError, tags } from "./step-shape.ts";

const metricType: Shape = choice("counter", "gauge", "rate", "trend");
const steps: Shape = { kind: "steps" };

const targetSlaves = object({
  mode: describe(
    choice("manual", "label", "capability", "auto"),
    "How slaves are chosen. Default: manual with `slave_ids`, label with `labels`, capability with `capabilities`, else auto.",
  ),
  slave_ids: describe(list(text), "The slaves to run on, all of them. Default: none; required in mode manual."),
  labels: describe(map(scalar), "Labels that a slave must have, all of them. Default: none; required in mode label."),
  capabilities: describe(
    list(text),
    "Capabilities that a slave must have, besides those the steps need. Default: none; required in mode capability.",
  ),
  min_slaves: describe(count, "Fewer slaves than these at the start are refused. Default: 1."),
  max_slaves: describe(count, "The most slaves to run on, those with the least load first. Default: no limit."),
});

const thresholdFields: Readonly<Record<string, Shape>> = {
  abort_on_fail: describe(flag, "End the run as soon as the threshold fails. Default: false."),
  abortOnFail: describe(flag, "Same as `abort_on_fail`, as k6 writes it."),
  delay: describe(
    duration,
    "How long after the start `abort_on_fail` begins to look, such as `10s`, in test time. Default: 0.",
  ),
  delayAbortEval: describe(duration, "Same as `delay`, as k6 writes it."),
  window: describe(
    positiveDuration,
    "Look only at this much of the latest time, such as `30s`, in test time. Default: the whole run.",
  ),
  no_data: describe(choice("fail", "pass"), "What a metric without any value means. Default: fail."),
};
const condition = describe(
  text,
  "What must hold: `p(95) < 500ms`, `rate < 1%`, `count > 100`. Without a unit: milliseconds, bytes or 0..1. Required.",
);
const k6Condition = describe(condition, "Same as `condition`, as k6 writes it.");
const k6Fields = { threshold: k6Condition, condition, ...thresholdFields };
const thresholds = union(
  list(
    object(
      {
        metric: describe(
          text,
          "The metric, with tags if it needs some: `http_req_duration{step:login}`, or `login.duration.p95`. Required.",
        ),
        condition,
        ...thresholdFields,
      },
      ["metric", "condition"],
    ),
  ),
  map(union(text, list(union(text, object(k6Fields)), 1), object(k6Fields))),
);

const output = object(
  {
    type: describe(choice(...outputTypes), "What it is. Required."),
    url: describe(
      text,
      "Where points are posted, or for json and csv the file; `${secret.X}` may stand in it. Required.",
    ),
    path: describe(text, "Same as `url`, of a file."),
    interval: describe(positiveDuration, "The span of a point, whole seconds such as `5s`. Default: 1s."),
    headers: describe(map(scalar), "Sent with every request; `${secret.X}` may stand in them. Default: none."),
    token: describe(text, "A bearer token, or the token of InfluxDB 2; best `${secret.X}`. Default: none."),
    format: describe(choice("protobuf", "json"), "How otlp is written. Default: protobuf."),
    histograms: describe(
      choice("classic", "native"),
      "How prometheus is told trends; it takes native histograms with `--enable-feature=native-histograms`. Default: classic.",
    ),
  },
  ["type"],
);

const options: ObjectShape = object({
  ...loadShapes,
  warm_up: describe(
    duration,
    "This first part of the run, such as `10s`, is left out of metrics and thresholds, in test time. Default: 0.",
  ),
  thresholds: describe(
    thresholds,
    "Conditions on metrics that decide whether the run passes: a list, or k6's map. Default: none.",
  ),
  target_slaves: describe(targetSlaves, "Which slaves of a master run the workflow. Default: any that can."),
  on_slave_loss: describe(
    choice("redistribute", "continue", "abort"),
    "When a slave is lost: others take its load, the run goes on with less, or it ends. Default: redistribute.",
  ),
  on_slave_join: describe(
    choice("fill", "rebalance"),
    "What a slave that joins late takes: only load that nobody has, or a fair part of all. Default: fill.",
  ),
  http: describe(stepOptions.http.shape, "Defaults of all http steps. Default: those of each field."),
  tags: describe(tags, "Tags on every series. Default: none."),
  outputs: describe(list(output), "Live streams of metrics; `-o` replaces them. Default: none."),
  on_error: describe(
    onError,
    "What a failed step means, for every step that does not say: abort the iteration, continue with the next step (the " +
      "iteration counts as failed), skip (it does not), or retry, then abort. Default: abort.",
  ),
  seed: describe(
    { kind: "number", whole: true, min: 0, max: 4_294_967_295 },
    "What random values, shuffled rows and fake data follow from: the same seed gives the same ones. Default: each run has its own.",
  ),
  locale: describe(
    choice("en", "zh_CN", "zh_TW", "ja", "ko", "de", "fr", "es", "it", "pt_BR", "ru"),
    "Whose words `faker.name()` and the like use. Default: en.",
  ),
  setup_timeout: describe(positiveDuration, "The longest time for `setup`, such as `2m`. Default: 60s."),
  teardown_timeout: describe(positiveDuration, "The longest time for `teardown`, such as `2m`. Default: 60s."),
});

const scenario: ObjectShape = object(
  {
    ...loadShapes,
    start_time: describe(
      duration,
      "When the scenario begins, such as `30s` after the start of the run, in test time. Default: 0.",
    ),
    steps: describe(steps, "What each iteration does, in order. Required."),
    variables: describe(map(any), "Variables of this scenario; they win over the workflow's. Default: none."),
    tags: describe(tags, "Tags on every series of the scenario. Default: those of the options."),
    target_slaves: describe(
      targetSlaves,
      "Which slaves of a master run the scenario. Default: those of the options that can run its steps.",
    ),
  },
  ["steps"],
);

const variableName: Shape = {
  kind: "text",
  pattern: /^[\p{L}_][\p{L}\p{M}\p{N}_]{0,63}$/u,
  accepts: "a variable's name",
};

const fragment: ObjectShape = object(
  {
    params: describe(
      union(list(variableName), { kind: "map", of: any, keys: variableName.pattern, keysAccept: "a variable's name" }),
      "What a call gives: names, all of them required, or names with their defaults. Default: none.",
    ),
    steps: describe(steps, "What a call runs, in order. Required."),
    results: describe(
      { kind: "map", of: text, keys: variableName.pattern, keysAccept: "a variable's name" },
      "What a call gets back: expressions by name, such as `{token: login.output.token}`. Default: nothing.",
    ),
  },
  ["steps"],
);

const feeder: ObjectShape = object(
  {
    file: describe(text, "The file, named relative to the workflow. Required."),
    format: describe(choice("csv", "json", "ndjson"), "How it is written. Default: by the file's extension, else csv."),
    mode: describe(
      choice("sequential", "random", "shuffle", "unique"),
      "Which row comes next: in the file's order, any, each once in a random order, or each at most once in the whole run on all slaves. Default: sequential.",
    ),
    per: describe(
      choice("iteration", "vu"),
      "Who has a row: each iteration, or each VU for its life. Default: iteration.",
    ),
    on_end: describe(
      choice("recycle", "stop"),
      "After the last row: begin again with the first, or begin no more iterations. Default: recycle; unique: stop.",
    ),
    delimiter: describe(
      text,
      "Between the fields of csv, one ASCII character. Default: a comma; in a file `.tsv` a tab.",
    ),
    encoding: describe(text, "The file's encoding, such as `utf-8`, `gbk` or `big5`. Default: utf-8."),
  },
  ["file"],
);

/** A whole workflow file. */
export const workflowShape: ObjectShape = object({
  id: describe(id, "The workflow's id; `latest` is reserved. Default: the file's name without its extension."),
  name: describe(text, "The workflow's name for people. Default: its id."),
  description: describe(text, "What the workflow is for. Default: empty."),
  version: describe(scalar, "A version of the user's own; it is only shown. Default: none."),
  variables: describe(
    { kind: "map", of: any },
    "Values that templates read as `${name}`; `-e NAME=VALUE` wins over them. Default: none.",
  ),
  data: describe(
    { kind: "map", of: feeder, keys: /^[\p{L}_][\p{L}\p{M}\p{N}_]{0,63}$/u, keysAccept: "a feeder's name" },
    "Files of rows by name; `${data.<name>.<column>}` reads the row of this iteration or VU. Default: none.",
  ),
  connections: describe(
    {
      kind: "map",
      of: { kind: "map", of: any },
      keys: /^[\p{L}\p{M}\p{N}_-]{1,64}$/u,
      keysAccept: "a name of letters, digits, _ and -, at most 64",
    },
    "Databases and brokers by name, each with a `driver` and its fields, such as `{shop: {driver: mysql, dsn: …}}`; texts " +
      "may read variables, `env` and `secret`. A slave adds those of its own configuration. Default: none.",
  ),
  metrics: describe(
    { kind: "map", of: metricType, keys: /^[\p{L}_][\p{L}\p{N}_.]{0,127}$/u, keysAccept: "a metric name" },
    "Metrics of the user's own and their types, such as `{checkout: trend}`. Default: none.",
  ),
  libs: describe(
    stepOptions.libs.shape,
    "JavaScript that scripts share: texts or `{file}`, by the name for `require(name)`. Default: none.",
  ),
  http: describe(stepOptions.http.shape, "Same as `options.http`: defaults of all http steps."),
  options: describe(options, "The load, and how the workflow runs. Default: one iteration by one VU."),
  setup: describe(steps, "Steps that run once before the load; their variables are read-only for all. Default: none."),
  steps: describe(steps, "What each iteration does, in order. Required, unless there are `scenarios`."),
  scenarios: describe(
    { kind: "map", of: scenario, keys: /^[\p{L}\p{M}\p{N}_-]{1,64}$/u, keysAccept: "a scenario name" },
    "Several loads that run side by side, by name, in place of `steps`. Default: one scenario, `default`.",
  ),
  teardown: describe(steps, "Steps that run once after the load, if `setup` succeeded. Default: none."),
  vu_setup: describe(
    steps,
    "Steps that each VU runs before its first iteration; what they set lives as long as the VU. Default: none.",
  ),
  vu_teardown: describe(steps, "Steps that each VU runs after its last iteration. Default: none."),
  pre_hook: describe(hook, "A step or a list of steps to run before the steps of every iteration. Default: none."),
  post_hook: describe(hook, "A step or a list of steps to run after the steps of every iteration. Default: none."),
  fragments: describe(
    { kind: "map", of: fragment, keys: /^[\p{L}\p{M}\p{N}_-]{1,64}$/u, keysAccept: "a fragment's name" },
    "Lists of steps that `call` steps run, by name. Default: none.",
  ),
});
