import { pauseShape } from "../protocol/pause.ts";
import {
  any,
  choice,
  describe,
  duration,
  flag,
  list,
  map,
  object,
  type ObjectShape,
  positiveDuration,
  scalar,
  type Shape,
  text,
  union,
} from "../protocol/shape.ts";

/** An id that a user gives. */
export const id: Shape = {
  kind: "text",
  pattern: /^[\p{L}\p{M}\p{N}_-]{1,64}$/u,
  accepts: "at most 64 letters, digits, `_` and `-`",
};
const name: Shape = {
  kind: "text",
  pattern: /^[\p{L}_][\p{L}\p{M}\p{N}_-]{0,63}$/u,
  accepts: "a name: a letter, then at most 63 letters, digits, `_` and `-`",
};
/** Tags of series. */
export const tags = map(scalar);
/** A step or a list of steps. */
export const hook: Shape = { kind: "steps", single: true };

const retryFields = object({
  max_attempts: describe(
    { kind: "number", min: 1, max: 1000, whole: true },
    "How often the step is tried in all, the first attempt included. Default: 3.",
  ),
  delay: describe(duration, "Wait before the second attempt, such as `500ms`. Default: 1s."),
  backoff: describe(
    choice("fixed", "linear", "exponential"),
    "How the wait grows: not at all, by `delay` each time, or doubling. Default: fixed.",
  ),
  max_delay: describe(duration, "The longest wait between two attempts, such as `10s`. Default: 30s."),
});

/** What a failed step means, in the options and at a step. */
export const onError = union(choice("abort", "continue", "skip", "retry"), retryFields);

const assertion: ObjectShape = object({
  name: describe(
    text,
    "The name under which it is counted in `checks`. Default: made of type, path, operator and value.",
  ),
  type: describe(
    {
      kind: "choice",
      values: ["status", "body", "json", "header", "cookie", "duration", "schema", "regex", "xpath"],
    },
    "What of the answer is looked at. Default: status.",
  ),
  path: describe(
    scalar,
    "Where to look: a JSON path (RFC 9535), an XPath 1.0, a header's or cookie's name, a regular expression. Required " +
      "for these types; no default.",
  ),
  pattern: describe(text, "Same as `path`, for the type regex."),
  operator: describe(
    choice(
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
    "How what was found is compared with `value`. Default: eq, and exists without a `value`.",
  ),
  value: describe(
    any,
    "What to compare with; for the type duration a time such as `500ms` (a bare number is milliseconds), for schema a JSON Schema (draft 2020-12), or `{file}`. Default: none.",
  ),
});

const extraction: ObjectShape = object(
  {
    name: describe(name, "The variable that gets the value. Required."),
    from: describe(
      choice("json", "regex", "header", "cookie", "xpath", "css", "status", "body"),
      "What of the answer the value is taken from. Default: json.",
    ),
    path: describe(
      scalar,
      "Where to look: a JSON path (RFC 9535), an XPath 1.0, a CSS selector (its text, or the attribute behind `@`, as in `a@href`), a header's or cookie's name, a regular expression (its first group, else the whole match). " +
        "Required for these sources; no default.",
    ),
    pattern: describe(text, "Same as `path`, for a regular expression."),
    default: describe(any, "The value when nothing is found. Default: none, and the step fails."),
    all: describe(flag, "Take every match as a list, not the first. Default: false."),
    scope: describe(
      choice("iteration", "vu"),
      "How long the variable lives: to the end of the iteration, or as long as the VU. Default: iteration.",
    ),
  },
  ["name"],
);

/** Every step's fields, whatever its type; `config` and the type's own key are checked by the type's spec. */
export const stepFields: Readonly<Record<string, Shape>> = {
  id: describe(id, "The step's name in metrics, thresholds and expressions; unique. Default: `<type>_<n>`."),
  name: describe(text, "The step's name for people. Default: its id."),
  type: text,
  timeout: describe(
    positiveDuration,
    "The longest time for one attempt of the step, such as `5s`, wall time. Default: no limit beyond the type's own.",
  ),
  on_error: describe(
    onError,
    "What a failure means: abort the iteration, continue with the next step (the iteration counts as failed), skip (it " +
      "does not), or retry, then abort. Default: `options.on_error`, else abort.",
  ),
  retry: describe(retryFields, "How `on_error: retry` tries again. Default: three attempts, a second apart."),
  condition: describe(
    union(text, flag),
    "Run the step only if this expression is true, such as `${login.status_code} == 200`. Default: always.",
  ),
  extract: describe(list(extraction), "Variables to set from the answer. Default: none."),
  assert: describe(list(assertion), "What the answer must meet; one that fails fails the step. Default: nothing."),
  checks: describe(
    list(assertion),
    "As `assert`, but only counted: a failing one never fails the step. Default: none.",
  ),
  pre_hook: describe(hook, "A step or a list of steps to run before this one. Default: none."),
  post_hook: describe(hook, "A step or a list of steps to run after this one. Default: none."),
  think_time: describe(
    pauseShape,
    "Wait after the step: `1s`, or `{min, max}` for a random time between; in no duration metric. Default: none.",
  ),
  tags: describe(tags, "Tags on all series of the step. Default: those of the scenario."),
  disabled: describe(flag, "Leave the step out. Default: false."),
};
