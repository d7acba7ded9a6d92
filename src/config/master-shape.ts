import { describe, object, positiveDuration, type Shape, text } from "../protocol/shape.ts";
import { addressListsShape } from "./address-lists-shape.ts";

const count: Shape = { kind: "number", min: 1, max: 10_000_000, whole: true };
const countOrNone: Shape = { kind: "number", min: 0, max: 10_000_000, whole: true };

/** `master`. */
export const masterShape = object({
  heartbeat_interval: describe(
    positiveDuration,
    "How often slaves send a heartbeat, at least 100ms; shortened to a fifth of the timeout where it is longer.",
  ),
  heartbeat_timeout: describe(positiveDuration, "A slave that is silent for so long is lost. At least 2s."),
  task_queue_size: describe(
    countOrNone,
    "Executions that may wait for their turn; one more is answered with 429 `queue_full`.",
  ),
  max_slaves: describe(count, "Slaves that may join; one more is refused and tries again."),
  max_executions: describe(count, "Executions that run at once; more wait."),
  store: describe(
    text,
    "Where executions are kept: `memory:`, or `sqlite:PATH`, relative to the data folder. Default: sqlite: in the data folder.",
  ),
  data_dir: describe(
    text,
    "The data folder. Default: the first of `$STATE_DIRECTORY`, `$XDG_STATE_HOME/workflow-engine` and " +
      "`~/.local/state/workflow-engine` that can be written; none: a store in memory, with a warning.",
  ),
  outputs: addressListsShape(
    "What workflows' outputs may be sent to: addresses, networks and names; empty: everything.",
    "What they may not be sent to, also when it is allowed; checked after the look-up of a name.",
  ),
  retention: object({
    max_age: describe(
      positiveDuration,
      "Ended executions are forgotten after so long, at the start and then every 10 minutes.",
    ),
    max_executions: describe(count, "So many ended executions are kept, the newest."),
  }),
});
