import type { JsonObject } from "../protocol/json.ts";
import type { ObjectShape, Shape } from "../protocol/shape.ts";
import type { StepSpec } from "../protocol/step-spec.ts";
import { stepSpecs } from "../step-specs.ts";
import { stepFields } from "./step-shape.ts";
import { workflowShape } from "./workflow-shape.ts";

const durationPattern = "^\\s*(?:\\d+(?:\\.\\d+)?|(?:\\d+(?:\\.\\d+)?(?:us|µs|ms|s|m|h|d))+)\\s*$";
const sizePattern = "^\\s*\\d+(?:\\.\\d+)?\\s*(?:[kKmMgG]?i?[bB])?\\s*$";
/** Options may be filled in from variables and the environment. */
const template: JsonObject = { type: "string", pattern: "\\$\\{" };
const step: JsonObject = { $ref: "#/$defs/step" };
const steps: JsonObject = { type: "array", items: step };

/** The JSON Schema (2020-12) of a workflow file, for editors: made of the same shapes that loading checks. */
export function createJsonSchema(): JsonObject {
  const specs: readonly (readonly [string, StepSpec])[] = Object.entries(stepSpecs);
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Workflow",
    ...toSchema(workflowShape),
    $defs: { step: { oneOf: specs.map(([type, spec]) => createStepSchema(type, spec)) } },
  };
}

function createStepSchema(type: string, spec: StepSpec): JsonObject {
  const config = toSchema(spec.config);
  const about = spec.config.description ?? "";
  const short = spec.short === null ? undefined : spec.config.fields[spec.short];
  const ofEveryStep = Object.hasOwn(stepFields, type) ? stepFields[type] : undefined;
  const others = [short, ofEveryStep].filter((shape) => shape !== undefined).map(toSchema);
  const ownKey = others.length === 0 ? config : { anyOf: [config, ...others] };
  const onStep = spec.kind === "flow" ? spec.config.fields : {};
  return {
    type: "object",
    properties: {
      ...toProperties({ ...onStep, ...stepFields }),
      type: { description: `What the step does. ${about}`, enum: [type, `${type}_engine`] },
      config: { ...config, description: `The fields of the type \`${type}\`. ${about}` },
      [type]: {
        ...ownKey,
        description: `Another place for \`config\`${short === undefined ? "" : `, or its \`${spec.short}\` alone`}. ${about}`,
      },
    },
    required: ["type"],
    additionalProperties: false,
  };
}

function toProperties(fields: ObjectShape["fields"]): JsonObject {
  return Object.fromEntries(
    Object.entries(fields).map(([key, shape]) => [
      key,
      shape.description === undefined ? toSchema(shape) : { description: shape.description, ...toSchema(shape) },
    ]),
  );
}

function toSchema(shape: Shape): JsonObject {
  switch (shape.kind) {
    case "any":
      return {};
    case "text":
      return { type: "string", ...(shape.pattern === undefined ? {} : { pattern: shape.pattern.source }) };
    case "scalar":
      return { type: ["string", "number", "boolean"] };
    case "number":
      return { anyOf: [toNumberSchema(shape), template] };
    case "flag":
      return { anyOf: [{ type: "boolean" }, template] };
    case "nothing":
      return { type: "null" };
    case "duration":
      return {
        anyOf: [
          { type: "number", [shape.positive ? "exclusiveMinimum" : "minimum"]: 0 },
          { type: "string", pattern: durationPattern },
          template,
        ],
      };
    case "size":
      return { anyOf: [{ type: "integer", minimum: 0 }, { type: "string", pattern: sizePattern }, template] };
    case "choice":
      return { anyOf: [{ enum: shape.values }, template] };
    case "list":
      return { type: "array", items: toSchema(shape.of), ...(shape.min ? { minItems: shape.min } : {}) };
    case "map":
      return {
        type: "object",
        additionalProperties: toSchema(shape.of),
        ...(shape.keys === undefined ? {} : { propertyNames: { pattern: shape.keys.source } }),
      };
    case "object":
      return {
        type: "object",
        properties: toProperties(shape.fields),
        ...(shape.required.length > 0 ? { required: shape.required } : {}),
        additionalProperties: false,
      };
    case "union":
      return { anyOf: shape.of.map(toSchema) };
    case "steps":
      return shape.single ? { anyOf: [step, steps] } : steps;
    default:
      return shape satisfies never;
  }
}

function toNumberSchema({ min, above, max, whole }: Shape & { kind: "number" }): JsonObject {
  return {
    type: whole ? "integer" : "number",
    ...(min === undefined ? {} : { minimum: min }),
    ...(above === undefined ? {} : { exclusiveMinimum: above }),
    ...(max === undefined ? {} : { maximum: max }),
  };
}
