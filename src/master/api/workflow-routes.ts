import type { FastifyInstance } from "fastify";
import { EngineError } from "../../errors.ts";
import type { Upload } from "../execution-files.ts";
import type { Execution } from "../../protocol/rest.ts";
import type { Executions } from "../executions.ts";
import { throwNotReady } from "./find-execution.ts";
import type { Once } from "./once.ts";
import { declareRoute } from "./route.ts";
import { exactly } from "./schema/schema.ts";
import {
  stopWorkflowAnswer,
  submitAnswer,
  submitBodies,
  validateAnswer,
  workflowList,
  workflowSummary,
} from "./schema/workflow.ts";
import { serveRoutes } from "./serve-routes.ts";
import { readStop, stopFields } from "./stop-query.ts";
import type { SubmissionReader } from "./submission/submission-reader.ts";

export const workflowRoutes = {
  submitWorkflow: declareRoute({
    method: "POST",
    url: "/api/v1/workflows",
    role: "operator",
    once: true,
    tag: "Workflows",
    summary: "Submits a workflow and starts its execution",
    bodies: submitBodies,
    answer: { status: 201, description: "It is taken", schema: submitAnswer },
    errors: ["invalid_workflow", "conflict", "scheduling_failed", "queue_full", "unsupported", "not_ready"],
  }),
  validateWorkflow: declareRoute({
    method: "POST",
    url: "/api/v1/workflows/validate",
    role: "viewer",
    tag: "Workflows",
    summary: "Finds all problems of a workflow; nothing runs",
    bodies: submitBodies,
    answer: { status: 200, description: "What was found", schema: validateAnswer },
  }),
  listWorkflows: declareRoute({
    method: "GET",
    url: "/api/v1/workflows",
    role: "viewer",
    tag: "Workflows",
    summary: "Lists the workflows that have executions",
    answer: { status: 200, description: "The workflows", schema: workflowList },
  }),
  getWorkflow: declareRoute({
    method: "GET",
    url: "/api/v1/workflows/:id",
    role: "viewer",
    tag: "Workflows",
    summary: "Shows a workflow and its executions",
    answer: { status: 200, description: "The workflow as its latest execution had it", schema: workflowSummary },
    errors: ["not_found"],
  }),
  stopWorkflow: declareRoute({
    method: "DELETE",
    url: "/api/v1/workflows/:id",
    role: "operator",
    tag: "Workflows",
    summary: "Stops all active executions of a workflow",
    query: exactly(stopFields),
    answer: { status: 200, description: "Those that were stopped", schema: stopWorkflowAnswer },
    errors: ["not_found", "not_ready"],
  }),
};

/** `/workflows`: submit, validate, list, stop. */
export function serveWorkflows(
  server: FastifyInstance,
  executions: Executions,
  reader: SubmissionReader,
  discard: (upload: Upload) => Promise<void>,
  once: Once,
): void {
  serveRoutes(
    server,
    workflowRoutes,
    {
      submitWorkflow: async ({ raw, claim }) => {
        // Begun before a crash: it may have come as far as its execution.
        const begun = claim?.begun ? await findBegun(executions, claim.executionId) : null;
        if (begun !== null) return { execution_id: begun.id, workflow_id: begun.workflow_id, status: "submitted" };
        const { loaded, inputs, queue, upload } = await reader.read(raw);
        try {
          if ("problems" in loaded) {
            const count = loaded.problems.filter(({ severity }) => severity !== "warning").length;
            const message = `the workflow has ${count === 1 ? "a problem" : `${count} problems`}`;
            throw new EngineError("invalid_workflow", message, { problems: loaded.problems });
          }
          return await executions.submit({ workflow: loaded.workflow, inputs, queue, upload }, claim?.executionId);
        } finally {
          if (upload !== null) await discard(upload);
        }
      },
      validateWorkflow: async ({ raw }) => {
        const { loaded, upload } = await reader.read(raw);
        if (upload !== null) await discard(upload);
        return "problems" in loaded
          ? { valid: false, problems: loaded.problems }
          : { valid: true, problems: loaded.warnings };
      },
      listWorkflows: () => executions.listWorkflows(),
      getWorkflow: async ({ params }) => (await executions.describeWorkflow(params.id)) ?? throwUnknown(params.id),
      stopWorkflow: async ({ params, query }) => {
        const stopped = await executions.stopWorkflow(params.id, readStop(query));
        return { success: true, stopped: stopped ?? throwUnknown(params.id) };
      },
    },
    once,
  );
}

/** null: it had not come so far. */
async function findBegun(executions: Executions, id: string): Promise<Execution | null> {
  const isAwaited = executions.isAwaited(id);
  const found = await executions.describe(id);
  if (found === null && isAwaited) throwNotReady();
  return found;
}

function throwUnknown(id: string): never {
  throw new EngineError("not_found", `there is no workflow \`${id}\``, { hint: "GET /api/v1/workflows lists them." });
}
