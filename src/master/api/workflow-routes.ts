import type { FastifyInstance } from "fastify";
import { EngineError } from "../../errors.ts";
import type { StopWorkflowAnswer, ValidateAnswer } from "../../protocol/rest.ts";
import type { Executions } from "../executions.ts";
import { checkQuery } from "./check-value.ts";
import type { RawBody } from "./read-body.ts";
import { readStop, type StopQuery, stopSchema } from "./stop-query.ts";
import type { SubmissionReader } from "./submission/submission-reader.ts";

interface ById {
  readonly Params: { readonly id: string };
}

const checkStop = checkQuery<StopQuery>(stopSchema);
const checkNothing = checkQuery<object>({ type: "object", additionalProperties: false, properties: {} });

/** `/workflows`: submit, validate, list, stop. */
export function addWorkflowRoutes(server: FastifyInstance, executions: Executions, reader: SubmissionReader): void {
  server.post<{ Body: RawBody | null }>("/api/v1/workflows", async (request, reply) => {
    checkNothing(request.query);
    if (request.headers["idempotency-key"] !== undefined) {
      throw new EngineError("invalid_request", "Idempotency-Key is not in this version; leave it out");
    }
    const { loaded, inputs, queue } = await reader.read(request.body ?? null, "submit");
    if ("problems" in loaded) {
      const count = loaded.problems.filter(({ severity }) => severity !== "warning").length;
      const message = `the workflow has ${count === 1 ? "a problem" : `${count} problems`}`;
      throw new EngineError("invalid_workflow", message, { problems: loaded.problems });
    }
    return reply.status(201).send(await executions.submit({ workflow: loaded.workflow, inputs, queue }));
  });

  server.post<{ Body: RawBody | null }>("/api/v1/workflows/validate", async (request): Promise<ValidateAnswer> => {
    checkNothing(request.query);
    const { loaded } = await reader.read(request.body ?? null, "validate");
    return "problems" in loaded
      ? { valid: false, problems: loaded.problems }
      : { valid: true, problems: loaded.warnings };
  });

  server.get("/api/v1/workflows", (request) => {
    checkNothing(request.query);
    return executions.listWorkflows();
  });

  server.get<ById>("/api/v1/workflows/:id", async ({ params, query }) => {
    checkNothing(query);
    return (await executions.describeWorkflow(params.id)) ?? throwUnknown(params.id);
  });

  server.delete<ById>("/api/v1/workflows/:id", async ({ params, query }): Promise<StopWorkflowAnswer> => {
    const stopped = await executions.stopWorkflow(params.id, readStop(checkStop(query)));
    return { success: true, stopped: stopped ?? throwUnknown(params.id) };
  });
}

function throwUnknown(id: string): never {
  throw new EngineError("not_found", `there is no workflow \`${id}\``, { hint: "GET /api/v1/workflows lists them." });
}
