import { Type } from "./type.ts";
import type { Problem } from "../../../protocol/problem.ts";
import {
  executionStatuses,
  type StopWorkflowAnswer,
  type SubmitAnswer,
  type SubmitBody,
  type ValidateAnswer,
  type WorkflowList,
  type WorkflowSummary,
} from "../../../protocol/rest.ts";
import { exactly, mapOf, oneOf, orNull, schemaOf } from "./schema.ts";
import { anyMap, count, moment } from "./values.ts";

const texts = (description: string) => mapOf(Type.String(), { description, maxProperties: 1_000 });

export const submitBody = schemaOf<SubmitBody>()(
  "SubmitBody",
  exactly(
    {
      workflow: Type.Optional(anyMap("A workflow, as the published schema describes it")),
      yaml: Type.Optional(Type.String({ description: "A workflow's text" })),
      file_name: Type.Optional(
        Type.String({ maxLength: 255, description: "What the default id of the workflow is made from" }),
      ),
      variables: Type.Optional(texts("Values that win over the workflow's variables; also `env.X`")),
      env: Type.Optional(texts("`env.X` alone")),
      secrets: Type.Optional({
        ...mapOf(Type.String({ writeOnly: true }), {
          description: "`secret.X`: never stored, shown nowhere",
          maxProperties: 1_000,
        }),
        writeOnly: true,
      }),
      options: Type.Optional(anyMap("Replaces fields of the workflow's `options`")),
      scenario: Type.Optional(Type.String({ maxLength: 64, description: "Runs this scenario alone" })),
      insecure: Type.Optional(Type.Boolean({ description: "No certificate is verified" })),
      tags: Type.Optional(texts("Added to the workflow's tags")),
      files: Type.Optional(
        texts("Files that the workflow names, relative to it, in base64; large ones come as a form"),
      ),
      queue: Type.Optional(
        Type.Boolean({ description: "Waits as `pending` where there is no capacity, instead of 409" }),
      ),
    },
    { description: "Exactly one of `workflow` and `yaml`" },
  ),
);

/** What a submit's body may be, by media type. */
export const submitBodies = {
  "application/json": Type.Union([submitBody, anyMap("The workflow itself")]),
  "application/yaml": Type.String({ description: "The workflow itself" }),
  "multipart/form-data": Type.Object(
    {
      workflow: Type.String({ description: "Its text, or a file of YAML or JSON" }),
      files: Type.Optional(
        Type.Array(Type.String({ format: "binary" }), {
          description: "Files that it names, each under its name relative to the workflow: `data/users.csv`",
        }),
      ),
      file_name: Type.Optional(Type.String({ maxLength: 255 })),
      scenario: Type.Optional(Type.String({ maxLength: 64 })),
      variables: Type.Optional(Type.String({ description: "JSON, as all that follow" })),
      env: Type.Optional(Type.String()),
      secrets: Type.Optional(Type.String()),
      options: Type.Optional(Type.String()),
      tags: Type.Optional(Type.String()),
      insecure: Type.Optional(Type.String()),
      queue: Type.Optional(Type.String()),
    },
    { additionalProperties: false },
  ),
} as const;

export const submitAnswer = schemaOf<SubmitAnswer>()(
  "SubmitAnswer",
  exactly({ execution_id: Type.String(), workflow_id: Type.String(), status: Type.Literal("submitted") }),
);

export const problem = schemaOf<Problem>()(
  "Problem",
  exactly({
    path: Type.String({ description: "Of the field; empty: the whole document" }),
    message: Type.String(),
    line: Type.Optional(Type.Integer({ minimum: 1 })),
    column: Type.Optional(Type.Integer({ minimum: 1 })),
    severity: Type.Optional(oneOf(["error", "warning"], { description: "Default: error" })),
  }),
);

export const validateAnswer = schemaOf<ValidateAnswer>()(
  "ValidateAnswer",
  exactly({ valid: Type.Boolean(), problems: Type.Array(problem) }),
);

export const workflowSummary = schemaOf<WorkflowSummary>()(
  "Workflow",
  exactly({
    id: Type.String(),
    name: Type.String(),
    description: orNull(Type.String()),
    status: oneOf(executionStatuses, { description: "Of the latest execution" }),
    created_at: moment(),
    options: anyMap("As the latest execution had them"),
    latest_execution_id: Type.String(),
    executions: Type.Array(Type.String(), { description: "Newest first" }),
  }),
);

export const workflowList = schemaOf<WorkflowList>()(
  "WorkflowList",
  exactly({ workflows: Type.Array(workflowSummary), total: count() }),
);

export const stopWorkflowAnswer = schemaOf<StopWorkflowAnswer>()(
  "StopWorkflowAnswer",
  exactly({ success: Type.Literal(true), stopped: Type.Array(Type.String()) }),
);
