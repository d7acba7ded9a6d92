import { rmSync } from "node:fs";
import {
  type LoadedWorkflow,
  type LoadOptions,
  loadWorkflow,
  loadWorkflowObject,
} from "../../../definition/load-workflow.ts";
import type { Overrides } from "../../../definition/overrides.ts";
import { EngineError } from "../../../errors.ts";
import type { Json, JsonObject } from "../../../protocol/json.ts";
import type { Inputs } from "../../../protocol/message.ts";
import type { Problem } from "../../../protocol/problem.ts";
import type { SubmitBody } from "../../../protocol/rest.ts";
import { checkBody } from "../check-value.ts";
import { parseJson } from "../parse-json.ts";
import type { RawBody } from "../read-body.ts";
import { submitBody } from "../schema/workflow.ts";
import { type Upload, writeInlineFiles } from "../../execution-files.ts";
import { readUpload } from "./upload-files.ts";

/** A body that names a workflow, read; the workflow may have problems. Plain data: it may cross threads. */
export interface ReadSubmission {
  readonly loaded: LoadedWorkflow;
  readonly inputs: Inputs;
  readonly queue: boolean;
  /** Files that came with it; null: none. */
  readonly upload: Upload | null;
}

const checkEnvelope = checkBody<SubmitBody>(submitBody);

/** Those of `options` that replace a scenario's load, as the flags of the command line do. */
const checkLoadOptions = checkBody<Overrides>({
  type: "object",
  properties: {
    vus: { type: "integer" },
    duration: { type: ["string", "number"] },
    iterations: { type: "integer" },
    stages: {
      type: "array",
      maxItems: 10_000,
      items: {
        type: "object",
        required: ["duration", "target"],
        properties: { duration: { type: ["string", "number"] }, target: { type: "number" } },
      },
    },
    rate: { type: "number" },
    mode: { type: "string" },
  },
});

/** Reads a submit: an envelope, a bare workflow as JSON, or one as YAML. Throws EngineError `invalid_request`. */
export function readSubmission(body: RawBody | null, uploads: string): ReadSubmission {
  if (body === null) {
    throw new EngineError("invalid_request", "the body is empty; it takes a workflow as JSON or YAML");
  }
  if (body.format === "yaml") return readText(body, {}, null);
  const value = parseJson(body.text);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new EngineError("invalid_request", "the body takes a map: a workflow, or {workflow: …} or {yaml: …}");
  }
  if (!Object.hasOwn(value, "workflow") && !Object.hasOwn(value, "yaml")) return readText(body, {}, null);
  const { files, ...envelope } = checkEnvelope(value);
  if (files === undefined) return readEnvelope(envelope, body.upload ?? null);
  const upload = writeInlineFiles(uploads, files);
  try {
    return readEnvelope(envelope, upload);
  } catch (error) {
    rmSync(upload.folder, { recursive: true, force: true });
    throw error;
  }
}

function readEnvelope(envelope: SubmitBody, upload: Upload | null): ReadSubmission {
  const { workflow, yaml, file_name: fileName } = envelope;
  if ((workflow === undefined) === (yaml === undefined)) {
    throw new EngineError("invalid_request", "the body takes exactly one of `workflow` and `yaml`");
  }
  if (yaml !== undefined) {
    const format = fileName?.toLowerCase().endsWith(".json") ? "json" : "yaml";
    return readText({ format, text: yaml }, envelope, upload);
  }
  const options = loadOptionsOf(envelope, upload);
  return finish(loadWorkflowObject(workflow, { ...options, fileName: fileName ?? null }), envelope, upload);
}

function readText({ format, text }: RawBody, envelope: SubmitBody, upload: Upload | null): ReadSubmission {
  const source = { text, fileName: envelope.file_name ?? null, format };
  return finish(loadWorkflow(source, loadOptionsOf(envelope, upload)), envelope, upload);
}

function finish(
  loaded: LoadedWorkflow,
  { queue = false, secrets = {}, ...envelope }: SubmitBody,
  upload: Upload | null,
): ReadSubmission {
  const renamed = "problems" in loaded ? { problems: loaded.problems.map(renameFlag) } : loaded;
  return { loaded: renamed, inputs: { env: envOf(envelope), secrets }, queue, upload };
}

function loadOptionsOf(envelope: SubmitBody, upload: Upload | null): LoadOptions {
  const { options = {}, tags = {}, variables = {}, scenario, insecure = false } = envelope;
  const { vus, duration, iterations, stages, rate, mode } = checkLoadOptions(options);
  const overrides = { vus, duration, iterations, stages, rate, mode, insecure };
  return {
    overrides,
    options: leaveOut(options, Object.keys(overrides)),
    tags,
    variables,
    env: envOf(envelope),
    // Slaves have an environment of their own: `slave.expose_env`.
    missingEnv: "warning",
    scenario,
    ...(upload === null ? {} : { files: readUpload(upload) }),
  };
}

function envOf({ env = {}, variables = {} }: SubmitBody): Record<string, string> {
  return { ...env, ...variables };
}

function leaveOut(options: JsonObject, names: readonly string[]): JsonObject {
  const kept: (readonly [string, Json])[] = Object.entries(options).filter(([name]) => !names.includes(name));
  return Object.fromEntries(kept);
}

/** The definition names an override by its flag; here it came as an option. */
function renameFlag(problem: Problem): Problem {
  const path = problem.path.replace(/^--(\w+)/, (_, name: string) => `options.${name === "stage" ? "stages" : name}`);
  return { ...problem, path };
}
