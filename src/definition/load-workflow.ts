import { extname } from "node:path";
import type { Json, JsonObject } from "../protocol/json.ts";
import type { WorkflowFiles } from "../protocol/named-file.ts";
import type { Problem } from "../protocol/problem.ts";
import type { Workflow } from "../protocol/workflow.ts";
import { copyJson } from "../document/copy-json.ts";
import { createFindings, type Findings } from "../document/findings.ts";
import { createFileDesk } from "./file-desk.ts";
import type { Overrides } from "./overrides.ts";
import { freeze } from "../document/freeze.ts";
import { type Locate, parseText } from "../document/parse.ts";
import { resolveWorkflow } from "./resolve-workflow.ts";

export interface LoadOptions {
  readonly overrides?: Overrides;
  /** Replaces fields of the document's `options`. */
  readonly options?: JsonObject;
  /** Added to `options.tags`; wins over them. */
  readonly tags?: Readonly<Record<string, string>>;
  /** `-e` values: they win over the workflow's variables. */
  readonly variables?: Readonly<Record<string, string>>;
  /** `env.X`. */
  readonly env: Readonly<Record<string, string>>;
  /** What a name that `env` lacks is. Default `problem`; `warning` where the run's environment is not known yet. */
  readonly missingEnv?: "problem" | "warning";
  /** Runs this scenario alone. */
  readonly scenario?: string;
  /** The files beside the workflow. Absent: there are none. */
  readonly files?: WorkflowFiles;
}

export interface WorkflowSource {
  readonly text: string;
  /** null: not from a file. */
  readonly fileName: string | null;
  /** Default: by the file's extension, else YAML (which JSON is too). */
  readonly format?: "yaml" | "json";
}

/** A frozen workflow with what is doubtful about it, or everything that is wrong (with what is doubtful), in the order of the text. */
export type LoadedWorkflow =
  | { readonly workflow: Workflow; readonly warnings: readonly Problem[] }
  | { readonly problems: readonly Problem[] };

/** Reads a workflow's text. Never throws for what a user wrote. */
export function loadWorkflow(source: WorkflowSource, options: LoadOptions): LoadedWorkflow {
  if (source.text.trim() === "") return { problems: [emptyFile] };
  const parsed = parseText(source.text, source.format ?? formatOf(source.fileName));
  if ("problems" in parsed) return parsed;
  return finish(parsed.value, source.fileName, options, createFindings(), parsed.locate);
}

/** The same for a workflow that is an object already; its values are copied, never changed. */
export function loadWorkflowObject(
  value: unknown,
  options: LoadOptions & { readonly fileName?: string | null },
): LoadedWorkflow {
  const findings = createFindings();
  const copy = copyJson(value, findings);
  return finish(copy, options.fileName ?? null, options, findings, null);
}

function finish(
  document: Json,
  fileName: string | null,
  options: LoadOptions,
  findings: Findings,
  locate: Locate | null,
): LoadedWorkflow {
  const files = createFileDesk(options.files, findings);
  const workflow = resolveWorkflow(mergeOptions(document, options), { ...options, fileName, files }, findings);
  const problems = findings.list(locate);
  return workflow === null || findings.hasProblems()
    ? { problems }
    : { workflow: freeze(workflow), warnings: problems };
}

/** The document with the options and tags that were given beside it; anything but a map is left for the checks. */
function mergeOptions(document: Json, { options = {}, tags = {} }: LoadOptions): Json {
  if (Object.keys(options).length === 0 && Object.keys(tags).length === 0) return document;
  if (!isMap(document)) return document;
  const before = document["options"] ?? {};
  if (!isMap(before)) return document;
  const merged: Record<string, Json> = { ...before, ...options };
  const kept = merged["tags"] ?? {};
  if (Object.keys(tags).length > 0 && isMap(kept)) merged["tags"] = { ...kept, ...tags };
  return { ...document, options: merged };
}

function isMap(value: Json): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function formatOf(fileName: string | null): "yaml" | "json" {
  return fileName !== null && extname(fileName).toLowerCase() === ".json" ? "json" : "yaml";
}

const emptyFile: Problem = {
  path: "",
  message: "the file is empty; write a workflow with `steps`",
  line: 1,
  column: 1,
};
