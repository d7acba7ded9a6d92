import { EngineError } from "../errors.ts";
import { compileJsonTemplate } from "../expression/json-template.ts";
import type { JsonObject } from "../protocol/json.ts";
import type { FlowContext } from "./compiled.ts";
import { FlowVu } from "./flow-vu.ts";
import { createNames } from "./names.ts";
import type { References } from "./references.ts";

/**
 * The databases and brokers that steps may name: the workflow's with their texts filled in once from variables, `env`
 * and `secret`, and those of this slave under the names that the workflow leaves. Throws EngineError `template` with the
 * connection's name; what the texts hold is not told.
 */
export function fillConnections(
  { workflow, inputs, slaveId, random, clock, connections }: FlowContext,
  { assigned, slots }: References,
): Readonly<Record<string, JsonObject>> {
  const language = { random, wall: () => clock.wall() };
  const sources = {
    inputs,
    slaveId,
    variables: workflow.variables,
    assigned,
    slots,
    shared: new Map(),
    data: () => undefined,
  };
  const names = createNames(sources, language);
  const nobody = FlowVu.create(0, new AbortController().signal, { resources: 0, results: 0, defaults: 0, feeders: 0 });
  const own = Object.entries(workflow.connections).map(([name, fields]) => {
    try {
      return [name, compileJsonTemplate(fields, names, language).evaluate(nobody) as JsonObject] as const;
    } catch (cause) {
      if (!(cause instanceof EngineError)) throw cause;
      throw new EngineError("template", `connections.${name}: ${cause.message}`, { cause });
    }
  });
  return { ...connections, ...Object.fromEntries(own) };
}
