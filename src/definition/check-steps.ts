import type { Json, JsonObject } from "../protocol/json.ts";
import type { Path, StepSpec } from "../protocol/step-spec.ts";
import { stepSpecs } from "../step-specs.ts";
import { type CheckSteps, checkShape, reportUnknownKey } from "../document/check-shape.ts";
import type { Findings } from "../document/findings.ts";
import { showValue } from "../document/path.ts";
import { suggest } from "../document/suggest.ts";
import { stepFields } from "./step-shape.ts";

/** Steps inside steps: five levels of a document each at most, and so within its depth. */
export const maxNesting = 16;

/** Where a checked step and its config were written. */
export interface StepPlace {
  readonly path: Path;
  /** Under `config`, under the type's own key, or the step itself. */
  readonly configPath: Path;
}

/** Checks steps and remembers where they stand. */
export interface StepChecker {
  readonly checkSteps: CheckSteps;
  /** The place of a step that `checkSteps` gave. */
  placeOf(step: JsonObject): StepPlace;
}

/** In a workflow, hooks and nested steps counted. */
export const maxSteps = 10_000;
const engineSuffix = "_engine";

/** The spec of a step type; null: there is none. */
export function findSpec(type: string): StepSpec | null {
  const specs: Readonly<Record<string, StepSpec>> = stepSpecs;
  return Object.hasOwn(specs, type) ? (specs[type] ?? null) : null;
}

/** Checked steps have their config under `config`, whatever form it was written in; without a type nothing can run. */
export function createStepChecker(findings: Findings): StepChecker {
  const places = new WeakMap<JsonObject, StepPlace>();
  let count = 0;
  let nesting = 0;
  const checkSteps: CheckSteps = (value, path, single) => {
    if (Array.isArray(value) || (single && isObject(value))) {
      if (nesting === maxNesting) {
        findings.report(
          path,
          `steps stand inside steps more than ${maxNesting} deep; move the inner ones into a fragment`,
        );
        return [];
      }
      nesting++;
      const checked = Array.isArray(value)
        ? (value as readonly Json[]).flatMap((item, index) => checkStep(item, [...path, index]))
        : checkStep(value, path);
      nesting--;
      return checked;
    }
    findings.report(
      path,
      `${showValue(value)} is not accepted here; it takes ${single ? "a step or a list of steps" : "a list of steps"}`,
    );
    return [];
  };

  function checkStep(value: Json, path: Path): JsonObject[] {
    if (++count === maxSteps + 1) findings.report(path, `the workflow has more than ${maxSteps} steps`);
    if (count > maxSteps) return [];
    if (!isObject(value)) {
      findings.report(path, `${showValue(value)} is not a step; write a map with \`type\``);
      return [];
    }
    const type = readType(value, path);
    const spec = type === null ? null : findSpec(type);
    const fields: [string, Json][] = [];
    const ownConfig: [string, Json][] = [];
    for (const [key, item] of Object.entries(value)) {
      if (key === "type" || key === "config" || (spec !== null && isOwnConfig(key, type, item))) continue;
      const onStep = spec !== null && spec.kind === "flow" && Object.hasOwn(spec.config.fields, key);
      const field = Object.hasOwn(stepFields, key) ? stepFields[key] : undefined;
      if (field !== undefined) {
        const checked = checkShape(item, field, [...path, key], findings, checkSteps);
        if (checked !== undefined) fields.push([key, checked]);
      } else if (onStep) ownConfig.push([key, item]);
      else if (type === null || spec !== null) reportStepKey(key, type, spec, path);
    }
    if (type === null || spec === null) return [keep(fields, path, path)];
    const config = checkConfig(value, type, spec, ownConfig, path);
    return [keep([...fields, ["type", type], ["config", config.value]], path, config.path)];
  }

  function readType(step: JsonObject, path: Path): string | null {
    const type = Object.hasOwn(step, "type") ? step["type"] : undefined;
    if (type === undefined) {
      const own = Object.keys(stepSpecs).find(
        (name) => Object.hasOwn(step, name) && isOwnConfig(name, name, step[name] ?? null),
      );
      findings.report(
        path,
        `\`type\` is missing; ${own === undefined ? `it takes one of ${Object.keys(stepSpecs).join(", ")}` : `add \`type: ${own}\``}`,
      );
      return null;
    }
    if (typeof type !== "string") {
      findings.report(
        [...path, "type"],
        `${showValue(type)} is not accepted here; it takes one of ${Object.keys(stepSpecs).join(", ")}`,
      );
      return null;
    }
    if (findSpec(type) !== null) return type;
    const plain = type.endsWith(engineSuffix) ? type.slice(0, -engineSuffix.length) : type;
    if (plain !== type && findSpec(plain) !== null) {
      findings.warn([...path, "type"], `\`${type}\` is read as \`${plain}\`; write \`type: ${plain}\``);
      return plain;
    }
    const known = Object.keys(stepSpecs);
    findings.report(
      [...path, "type"],
      `there is no step type \`${type.slice(0, 64)}\`; it takes one of ${known.join(", ")}.${suggest(type, known)}`,
    );
    return type;
  }

  function checkConfig(
    step: JsonObject,
    type: string,
    spec: StepSpec,
    ownConfig: readonly (readonly [string, Json])[],
    path: Path,
  ): { value: JsonObject; path: Path } {
    const written = ["config", type].filter(
      (key) => Object.hasOwn(step, key) && (key === "config" || isOwnConfig(key, type, step[key] ?? null)),
    );
    const second = written[1] ?? (ownConfig.length > 0 ? written[0] : undefined);
    if (second !== undefined)
      findings.report(
        [...path, second],
        `the step's config stands in two places; keep all of it under \`config\``,
        true,
      );
    const key = written[0];
    const configPath = key === undefined ? path : [...path, key];
    const given = key === undefined ? Object.fromEntries(ownConfig) : (step[key] ?? null);
    if (spec.short !== null && key === type && isShort(given, spec, spec.short)) {
      const value = checkShape({ [spec.short]: given }, spec.config, configPath, findings, checkSteps);
      return { value: value as JsonObject, path: configPath };
    }
    if (key === undefined && ownConfig.length === 0 && spec.config.required.length > 0) {
      const needed = spec.config.required.map((name) => `\`${name}\``).join(", ");
      const misread = spec.config.required.find((name) => Object.hasOwn(step, name) && Object.hasOwn(stepFields, name));
      const hint = misread === undefined ? "" : `; \`${misread}\` on the step itself decides whether it runs at all`;
      findings.report(path, `the step has no config; give \`config\` with ${needed}${hint}`);
      return { value: {}, path: configPath };
    }
    const value = checkShape(given, spec.config, configPath, findings, checkSteps);
    return { value: isObject(value) ? value : {}, path: configPath };
  }

  function reportStepKey(key: string, type: string | null, spec: StepSpec | null, path: Path): void {
    const inConfig = spec !== null && Object.hasOwn(spec.config.fields, key);
    const known = [...Object.keys(stepFields), "config", ...(type === null ? [] : [type])];
    const otherType = findSpec(key) !== null && type !== null ? ` The step is of type \`${type}\`.` : "";
    reportUnknownKey(key, known, path, findings, inConfig ? ` It belongs under \`config\`.` : otherType);
  }

  function keep(fields: readonly (readonly [string, Json])[], path: Path, configPath: Path): JsonObject {
    const step: JsonObject = Object.fromEntries(fields);
    places.set(step, { path, configPath });
    return step;
  }

  return { checkSteps, placeOf: (step) => places.get(step) ?? { path: [], configPath: [] } };
}

/** A value that stands for one field of the config alone: no map, or one with that field's own keys (`sleep: {min, max}`). */
function isShort(given: Json, { config }: StepSpec, field: string): boolean {
  if (!isObject(given)) return given !== null;
  const shape = config.fields[field];
  const forms = shape?.kind === "union" ? shape.of : [];
  const keys = Object.keys(given);
  return forms.some(
    (form) => form.kind === "object" && keys.some((key) => Object.hasOwn(form.fields, key) && !(key in config.fields)),
  );
}

/** The config under the type's own key. Where every step has a field of that name, only a map or a list is a config. */
function isOwnConfig(key: string, type: string | null, value: Json): boolean {
  return key === type && ((typeof value === "object" && value !== null) || !Object.hasOwn(stepFields, key));
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
