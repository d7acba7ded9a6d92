import type { AnyNode } from "acorn";
import type { Json } from "../../protocol/json.ts";
import { readRandom } from "./read-random.ts";

/** The `duration` of `sleep(seconds)`; `expression` is the time as one of a workflow. null: it is not read. */
export function readSleep(seconds: AnyNode | undefined, expression: string | null): Json {
  if (seconds?.type === "Literal" && typeof seconds.value === "number") return toMs(Math.max(0, seconds.value));
  const [, least, most] = /^random_int\((\d+), (\d+)\)$/.exec(expression ?? "") ?? readRandom(seconds) ?? [];
  if (least !== undefined && Number(most) >= Number(least))
    return { min: toMs(Number(least)), max: toMs(Number(most)) };
  return expression === null ? null : `\${${expression} * 1000}`;
}

function toMs(seconds: number): string {
  return `${Math.round(seconds * 1000)}ms`;
}
