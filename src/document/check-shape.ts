import { isBareNumber, parseDuration, parseSize } from "../quantity.ts";
import type { Json, JsonObject } from "../protocol/json.ts";
import type { ObjectShape, Shape } from "../protocol/shape.ts";
import type { Path } from "../protocol/step-spec.ts";
import { describeShape, fitsKind } from "./describe-shape.ts";
import type { Findings } from "./findings.ts";
import { showValue } from "./path.ts";
import { suggest } from "./suggest.ts";

/** Checks a list of steps, or with `single` also one step. Given by the caller, since steps need the table of step types. */
export type CheckSteps = (value: Json, path: Path, single: boolean) => readonly JsonObject[];

/**
 * Checks a value against a shape, reports everything that is wrong, and gives a copy without what is wrong; undefined:
 * nothing of it can be used. Never changes the value.
 */
export function checkShape(
  value: Json,
  shape: Shape,
  path: Path,
  findings: Findings,
  checkSteps: CheckSteps,
): Json | undefined {
  const refuse = (): undefined => {
    const shown = shape.kind === "text" && shape.secret ? "this value" : showValue(value);
    if (isTemplate(value)) return refuseTemplate(value, shape, path, findings);
    const isMore = shape.kind === "number" && shape.max !== undefined && Number(value) > shape.max;
    const most = isMore ? `, at most ${shape.max}` : "";
    findings.report(path, `${shown} is not accepted here; it takes ${describeShape(shape)}${most}`);
    return undefined;
  };
  switch (shape.kind) {
    case "steps":
      return checkSteps(value, path, shape.single ?? false) as Json;
    case "object":
      return isObject(value) ? checkObject(value, shape, path, findings, checkSteps) : refuse();
    case "map":
      return isObject(value) ? checkMap(value, shape, path, findings, checkSteps) : refuse();
    case "list":
      return checkList(value, shape, path, findings, checkSteps) ?? refuse();
    case "union": {
      const fitting = shape.of.find((one) => fitsKind(value, one));
      return fitting === undefined ? refuse() : checkShape(value, fitting, path, findings, checkSteps);
    }
    case "choice":
      return checkChoice(value, shape, path, findings) ?? refuse();
    case "duration":
      return checkDuration(value, shape, path, findings) ? value : undefined;
    default:
      return fitsKind(value, shape) && isWithin(value, shape) ? value : refuse();
  }
}

function checkObject(
  value: JsonObject,
  shape: ObjectShape,
  path: Path,
  findings: Findings,
  checkSteps: CheckSteps,
): JsonObject {
  const kept: [string, Json][] = [];
  for (const [key, item] of Object.entries(value)) {
    const field = Object.hasOwn(shape.fields, key) ? shape.fields[key] : undefined;
    if (field === undefined) {
      const meant = shape.misnomers?.[key];
      const hint = meant === undefined ? "" : ` Did you mean \`${meant}\`?`;
      reportUnknownKey(key, Object.keys(shape.fields), path, findings, hint);
    } else {
      const checked = checkShape(item, field, [...path, key], findings, checkSteps);
      if (checked !== undefined) kept.push([key, checked]);
    }
  }
  for (const key of shape.required) {
    if (!Object.hasOwn(value, key))
      findings.report(path, `\`${key}\` is missing; it takes ${describeShape(shape.fields[key] ?? { kind: "any" })}`);
  }
  return Object.fromEntries(kept);
}

/** Reports a key that does not exist, with the nearest that does. */
export function reportUnknownKey(
  key: string,
  known: readonly string[],
  path: Path,
  findings: Findings,
  more = "",
): void {
  const hint = more || suggest(key, known) || ` Known here: ${known.join(", ")}.`;
  findings.report([...path, key], `there is no field \`${key.slice(0, 64)}\` here.${hint}`, true);
}

function checkMap(
  value: JsonObject,
  shape: Shape & { kind: "map" },
  path: Path,
  findings: Findings,
  checkSteps: CheckSteps,
): JsonObject {
  const kept: [string, Json][] = [];
  for (const [key, item] of Object.entries(value)) {
    if (shape.keys !== undefined && !shape.keys.test(key)) {
      findings.report(
        [...path, key],
        `\`${key.slice(0, 64)}\` is not ${shape.keysAccept ?? "a name that is accepted here"}`,
        true,
      );
      continue;
    }
    const checked = checkShape(item, shape.of, [...path, key], findings, checkSteps);
    if (checked !== undefined) kept.push([key, checked]);
  }
  return Object.fromEntries(kept);
}

function checkList(
  value: Json,
  shape: Shape & { kind: "list" },
  path: Path,
  findings: Findings,
  checkSteps: CheckSteps,
): Json | undefined {
  if (!Array.isArray(value) || value.length < (shape.min ?? 0)) return undefined;
  return (value as readonly Json[]).flatMap((item, index) => {
    const checked = checkShape(item, shape.of, [...path, index], findings, checkSteps);
    return checked === undefined ? [] : [checked];
  });
}

/** The accepted value; undefined: refuse with the general message. */
function checkChoice(value: Json, shape: Shape & { kind: "choice" }, path: Path, findings: Findings): Json | undefined {
  if (shape.values.some((accepted) => accepted === value)) return value;
  if (shape.later?.some((accepted) => accepted === value)) {
    findings.report(path, `${showValue(value)} is not in this version; it takes ${describeShape(shape)}`);
    // Not undefined: it has been reported already, and an absent value would be reported again.
    return value;
  }
  const near = typeof value === "string" ? suggest(value, shape.values.map(String)) : "";
  if (near === "") return undefined;
  findings.report(path, `${showValue(value)} is not accepted here; it takes ${describeShape(shape)}.${near}`);
  return value;
}

function checkDuration(value: Json, shape: Shape & { kind: "duration" }, path: Path, findings: Findings): boolean {
  if (shape.templates && typeof value === "string" && value.includes("${")) return true;
  if (isTemplate(value)) {
    refuseTemplate(value, shape, path, findings);
    return false;
  }
  const given = typeof value === "string" || typeof value === "number" ? value : null;
  const ms = given === null ? null : parseDuration(given);
  if (ms === null) {
    const negative = (typeof value === "number" && value < 0) || (typeof value === "string" && /^-\s*\d/.test(value));
    findings.report(
      path,
      `${showValue(value)} is ${negative ? "negative" : "not a duration"}; it takes ${describeShape(shape)}`,
    );
    return false;
  }
  if (ms === 0 && shape.positive) {
    findings.report(path, `${showValue(value)} is no time at all; it takes ${describeShape(shape)}`);
    return false;
  }
  if (ms > 0 && ms < 1000 && (typeof value === "number" || isBareNumber(String(value)))) {
    findings.warn(
      path,
      `a bare number is milliseconds: ${showValue(value)} is \`${ms}ms\`; write \`${ms}s\` if you mean seconds`,
    );
  }
  return true;
}

function isTemplate(value: Json): boolean {
  return typeof value === "string" && value.includes("${");
}

/** What is fixed before the run starts cannot follow from what is known only while it runs. */
function refuseTemplate(value: Json, shape: Shape, path: Path, findings: Findings): undefined {
  findings.report(
    path,
    `${showValue(value)}: \`${String(path.at(-1))}\` takes no template; it takes ${describeShape(shape)}`,
  );
  return undefined;
}

function isWithin(value: Json, shape: Shape): boolean {
  switch (shape.kind) {
    case "text": {
      const text = String(value);
      return text.length <= (shape.maxLength ?? Infinity) && (shape.pattern?.test(text) ?? true);
    }
    case "number": {
      const number = Number(value);
      const whole = !shape.whole || Number.isSafeInteger(number);
      return (
        whole &&
        number >= (shape.min ?? -Infinity) &&
        number > (shape.above ?? -Infinity) &&
        number <= (shape.max ?? Infinity)
      );
    }
    case "size":
      return parseSize(value as string | number) !== null;
    default:
      return true;
  }
}

function isObject(value: Json): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
