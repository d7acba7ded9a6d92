import type { FastifyInstance } from "fastify";
import { EngineError } from "../../errors.ts";
import type { ControlAnswer, ScaleBody } from "../../protocol/rest.ts";
import type { Executions } from "../executions.ts";
import { checkBody, checkQuery } from "./check-value.ts";
import { resolveId } from "./find-execution.ts";
import { parseBody, type RawBody } from "./read-body.ts";
import { readDuration, readStop, type StopQuery, stopSchema } from "./stop-query.ts";

interface Control {
  readonly Params: { readonly id: string };
  readonly Body: RawBody | null;
}

const checkStop = checkQuery<StopQuery & { readonly purge?: boolean }>({
  ...stopSchema,
  properties: { ...stopSchema.properties, purge: { type: "boolean" } },
});
const checkNoQuery = checkQuery<object>({ type: "object", additionalProperties: false, properties: {} });
const checkNoBody = checkBody<object>({ type: "object", additionalProperties: false, properties: {} });
const checkScale = checkBody<ScaleBody>({
  type: "object",
  additionalProperties: false,
  properties: {
    target_vus: { type: "integer", minimum: 0, maximum: 10_000_000 },
    target_rate: { type: "number", minimum: 0, maximum: 1e9 },
    scenario: { type: "string", maxLength: 64 },
    over: { type: ["string", "number"] },
  },
});

/** What steers an execution: pause, resume, scale, stop. */
export function addControlRoutes(server: FastifyInstance, executions: Executions): void {
  for (const command of ["pause", "resume"] as const) {
    server.post<Control>(
      `/api/v1/executions/:id/${command}`,
      async ({ params, query, body }): Promise<ControlAnswer> => {
        checkNoQuery(query);
        checkNoBody(parseBody(body) ?? {});
        return { success: true, status: await executions[command](await resolveId(executions, params.id)) };
      },
    );
  }

  server.post<Control>("/api/v1/executions/:id/scale", async ({ params, query, body }) => {
    checkNoQuery(query);
    const { target_vus: vus, target_rate: rate, scenario = null, over = 0 } = checkScale(parseBody(body) ?? {});
    const target = vus ?? rate;
    if (target === undefined || (vus !== undefined && rate !== undefined)) {
      throw new EngineError("invalid_request", "the body takes exactly one of `target_vus` and `target_rate`");
    }
    const of = vus === undefined ? "rate" : "vus";
    const overMs = readDuration("over", over);
    const reached = await executions.scale(await resolveId(executions, params.id), { target, of, scenario, overMs });
    return of === "vus" ? { success: true, target_vus: reached } : { success: true, target_rate: reached };
  });

  server.delete<Control>("/api/v1/executions/:id", async ({ params, query }) => {
    const { purge = false, ...stop } = checkStop(query);
    const id = await resolveId(executions, params.id);
    await (purge ? executions.purge(id) : executions.stop(id, readStop(stop)));
    return { success: true };
  });
}
