import { dirname, extname } from "node:path";
import { checkShape } from "../document/check-shape.ts";
import { createFindings, type Findings } from "../document/findings.ts";
import { freeze } from "../document/freeze.ts";
import { asObject } from "../protocol/json-values.ts";
import { type Locate, parseText } from "../document/parse.ts";
import type { Json, JsonObject } from "../protocol/json.ts";
import type { Problem } from "../protocol/problem.ts";
import type { Configuration } from "./configuration.ts";
import { configurationShape } from "./configuration-shape.ts";
import { createGivenValues, type GivenValues } from "./given-values.ts";
import { listKeys } from "./list-keys.ts";
import { type Environment, findUnknownVariables, readVariable } from "./read-environment.ts";
import { resolveConfiguration } from "./resolve-configuration.ts";

/** What a configuration is put together from; a later one wins: defaults, file, environment, flags. */
export interface ConfigurationSources {
  /** null: none. Paths of files in it start from its folder. */
  readonly file: { readonly name: string; readonly text: string } | null;
  readonly environment: Environment;
  readonly flags: readonly ConfigurationFlag[];
  /** The most worker threads that make sense here. */
  readonly maxThreads: number;
}

/** A value of the command line. */
export interface ConfigurationFlag {
  /** `master.heartbeat_timeout`. */
  readonly key: string;
  /** `--heartbeat-timeout`. */
  readonly flag: string;
  /** In the form that the file has. */
  readonly value: Json;
}

/** A frozen configuration with what is doubtful, or everything that is wrong, of file, environment and flags together. */
export type LoadedConfiguration =
  | { readonly configuration: Configuration; readonly warnings: readonly Problem[] }
  | { readonly problems: readonly Problem[] };

/** Pure, and never throws for what a user wrote. No problem repeats a secret. */
export function loadConfiguration(sources: ConfigurationSources): LoadedConfiguration {
  const { file, environment, flags } = sources;
  const unknown = findUnknownVariables(environment);
  const findings = createFindings();
  const values = createGivenValues(findings);
  const read = file === null ? unwritten : readFile(file, values, findings);
  readVariables(environment, values, findings);
  for (const { key, flag, value } of flags) setChecked(key, value, [flag], values, findings);
  const configuration = resolveConfiguration(values, sources);
  const problems = [...read.problems, ...findings.list(read.locate), ...unknown];
  return findings.hasProblems() || read.problems.length + unknown.length > 0
    ? { problems }
    : { configuration: freeze(configuration), warnings: problems };
}

/** How to find places in the file, and why it could not be read. */
interface ReadFile {
  readonly locate: Locate | null;
  readonly problems: readonly Problem[];
}

const unwritten: ReadFile = { locate: null, problems: [] };

function readFile(
  file: { readonly name: string; readonly text: string },
  values: GivenValues,
  findings: Findings,
): ReadFile {
  // Nothing, or nothing but comments, sets nothing.
  if (file.text.trim() === "") return unwritten;
  const parsed = parseText(file.text, extname(file.name).toLowerCase() === ".json" ? "json" : "yaml");
  if ("problems" in parsed) return { locate: null, problems: parsed.problems };
  const document = withoutEmptySections(parsed.value);
  const checked = checkShape(document, configurationShape, [], findings, noSteps);
  const folder = dirname(file.name);
  for (const { path } of listKeys()) {
    const value = path.reduce<Json | undefined>((inside, name) => asObject(inside)[name], checked);
    if (value !== undefined) values.set(path.join("."), value, path, folder);
  }
  return { locate: parsed.locate, problems: [] };
}

/** `master:` with nothing but comments below is a section that sets nothing. */
function withoutEmptySections(document: Json): Json {
  if (document === null) return {};
  if (typeof document !== "object" || Array.isArray(document)) return document;
  const { fields } = configurationShape;
  const kept = Object.entries(document as JsonObject).filter(
    ([name, value]) => value !== null || !Object.hasOwn(fields, name),
  );
  return Object.fromEntries(kept);
}

function readVariables(environment: Environment, values: GivenValues, findings: Findings): void {
  for (const key of listKeys()) {
    try {
      const found = readVariable(key, environment);
      if (found !== null) setChecked(key.path.join("."), found.value, [found.variable], values, findings);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      findings.report([key.variable], error.message);
    }
  }
}

function setChecked(
  name: string,
  value: Json,
  shown: readonly string[],
  values: GivenValues,
  findings: Findings,
): void {
  const shape = listKeys().find(({ path }) => path.join(".") === name)?.shape;
  if (shape === undefined) throw new Error(`there is no key ${name}`);
  const checked = checkShape(value, shape, shown, findings, noSteps);
  if (checked !== undefined) values.set(name, checked, shown);
}

function noSteps(): readonly JsonObject[] {
  return [];
}
