import type { Findings } from "../document/findings.ts";
import type { Step } from "../protocol/workflow.ts";
import { visitSteps } from "./visit-steps.ts";

/** Step types that know no proxy. */
const direct: ReadonlySet<string> = new Set(["grpc", "socket", "mq", "db"]);

/** Says once which steps go past a proxy of `options.http`. */
export function warnOfDirectSteps(steps: readonly Step[], proxy: string | null, findings: Findings): void {
  if (proxy === null) return;
  const types = new Set<string>();
  visitSteps(steps, ({ type }) => {
    if (direct.has(type)) types.add(type);
  });
  if (types.size === 0) return;
  const shown = [...types].sort().join(", ");
  findings.warn(["options", "http", "proxy"], `${shown} steps dial directly: the proxy is not for them`);
}
