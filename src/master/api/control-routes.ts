import type { FastifyInstance } from "fastify";
import { Type } from "./schema/type.ts";
import { EngineError } from "../../errors.ts";
import type { Executions } from "../executions.ts";
import { resolveId } from "./find-execution.ts";
import type { Once } from "./once.ts";
import { declareRoute } from "./route.ts";
import { controlAnswer, pauseBody, scaleAnswer, scaleBody, success } from "./schema/execution.ts";
import { serveRoutes } from "./serve-routes.ts";
import { readDuration, readStop, stopFields } from "./stop-query.ts";

export const controlRoutes = {
  pauseExecution: declareRoute({
    method: "POST",
    url: "/api/v1/executions/:id/pause",
    role: "operator",
    once: true,
    tag: "Executions",
    summary: "Pauses an execution",
    description:
      "Iterations that run are finished, none is started. Repeating it changes nothing. With `scenario` the clock of that one stands and the others go on; the status stays `running`.",
    body: pauseBody,
    mayOmitBody: true,
    answer: { status: 200, description: "Its status after it", schema: controlAnswer },
    errors: ["not_found", "conflict", "not_ready"],
  }),
  resumeExecution: declareRoute({
    method: "POST",
    url: "/api/v1/executions/:id/resume",
    role: "operator",
    once: true,
    tag: "Executions",
    summary: "Goes on with a paused execution",
    description:
      "Repeating it changes nothing. `scenario` lets one go on that was paused by itself; one that was not is paused and resumed with all.",
    body: pauseBody,
    mayOmitBody: true,
    answer: { status: 200, description: "Its status after it", schema: controlAnswer },
    errors: ["not_found", "conflict", "not_ready"],
  }),
  scaleExecution: declareRoute({
    method: "POST",
    url: "/api/v1/executions/:id/scale",
    role: "operator",
    once: true,
    tag: "Executions",
    summary: "Changes the load of an execution",
    description: "409 without capacity, for an ended execution, or where the load mode has no such target.",
    body: scaleBody,
    answer: { status: 200, description: "The target that is in force", schema: scaleAnswer },
    errors: ["not_found", "conflict", "scheduling_failed", "not_ready"],
  }),
  stopExecution: declareRoute({
    method: "DELETE",
    url: "/api/v1/executions/:id",
    role: "operator",
    adminFlags: ["purge"],
    tag: "Executions",
    summary: "Stops an execution",
    description:
      "No iteration starts any more; running ones get their grace. A second one is hard, one of an ended execution does nothing. `purge` removes an ended execution's record.",
    query: Type.Object({ ...stopFields, purge: Type.Optional(Type.Boolean()) }, { additionalProperties: false }),
    answer: { status: 200, description: "It is stopping, or has ended", schema: success },
    errors: ["not_found", "conflict", "not_ready"],
  }),
};

/** What steers an execution: pause, resume, scale, stop. */
export function serveControl(server: FastifyInstance, executions: Executions, once: Once): void {
  serveRoutes(
    server,
    controlRoutes,
    {
      pauseExecution: async ({ params, body }) => {
        const id = await resolveId(executions, params.id);
        return { success: true, status: await executions.pause(id, body.scenario ?? null) };
      },
      resumeExecution: async ({ params, body }) => {
        const id = await resolveId(executions, params.id);
        return { success: true, status: await executions.resume(id, body.scenario ?? null) };
      },
      scaleExecution: async ({ params, body }) => {
        const { target_vus: vus, target_rate: rate, scenario = null, over = 0 } = body;
        const target = vus ?? rate;
        if (target === undefined || (vus !== undefined && rate !== undefined)) {
          throw new EngineError("invalid_request", "the body takes exactly one of `target_vus` and `target_rate`");
        }
        const of = vus === undefined ? "rate" : "vus";
        const overMs = readDuration("over", over);
        const reached = await executions.scale(await resolveId(executions, params.id), {
          target,
          of,
          scenario,
          overMs,
        });
        return of === "vus" ? { success: true, target_vus: reached } : { success: true, target_rate: reached };
      },
      stopExecution: async ({ params, query }) => {
        const { purge = false, ...stop } = query;
        const id = await resolveId(executions, params.id);
        await (purge ? executions.purge(id) : executions.stop(id, readStop(stop)));
        return { success: true };
      },
    },
    once,
  );
}
