import { stepFields } from "../src/definition/step-shape.ts";
import { workflowShape } from "../src/definition/workflow-shape.ts";
import type { ObjectShape, Shape } from "../src/protocol/shape.ts";
import type { StepSpec } from "../src/protocol/step-spec.ts";
import { stepSpecs } from "../src/step-specs.ts";

const specs: readonly (readonly [string, StepSpec])[] = Object.entries(stepSpecs);

/** The module of a written workflow's types, made of the same shapes that loading checks. */
export function printBuilderDocument(): string {
  const shorts = specs
    .filter(([, { short }]) => short !== null)
    .map(([type, { short }]) => `${type}: "${short ?? ""}",`);
  const { type: _type, ...fields } = stepFields;
  return [
    "// Made by `npm run schema` of the shapes that a workflow is checked against.",
    "/** A text with a `${…}` in it, whose value is known when the workflow is loaded or run. */\n" +
      "export type Template = `${string}\\${${string}}${string}`;",
    "type Scalar = string | number | boolean;",
    declare("WorkflowDocument", "A workflow as it is written.", workflowShape),
    declare("StepFields", "What every step takes besides its type and config.", {
      kind: "object",
      fields,
      required: [],
    }),
    ...specs.map(([type, { config }]) => declare(nameOf(type), config.description ?? "", config)),
    `/** The config of each step type. */\nexport interface StepConfigs { ${specs.map(([type]) => `readonly ${type}: ${nameOf(type)};`).join("\n")} }`,
    "/** A written step of one type. */\n" +
      "export interface StepOf<Type extends keyof StepConfigs> extends StepFields { readonly type: Type; readonly config: StepConfigs[Type]; }",
    "/** A written step: any type with the config that fits it. */\n" +
      "export type Step = { [Type in keyof StepConfigs]: StepOf<Type> }[keyof StepConfigs];",
    `/** The one field of a config that a value in its place stands for. */\nexport const shortFields = { ${shorts.join("\n")} } as const;`,
    "",
  ].join("\n\n");
}

function declare(name: string, about: string, { fields, required }: ObjectShape): string {
  return `${comment(about)}export interface ${name} ${printFields(fields, required)}`;
}

function nameOf(type: string): string {
  return `${type.replace(/(?:^|_)([a-z])/gu, (_, letter: string) => letter.toUpperCase())}Config`;
}

function comment(text: string | undefined): string {
  return text === undefined || text === "" ? "" : `/** ${text.replaceAll("*/", "*\\/")} */\n`;
}

function printFields(fields: ObjectShape["fields"], required: readonly string[]): string {
  const lines = Object.entries(fields).map(([key, shape]) => {
    const optional = required.includes(key) ? "" : "?";
    return `${comment(shape.description)}readonly ${/^\w+$/u.test(key) ? key : JSON.stringify(key)}${optional}: ${printType(shape)};`;
  });
  return `{\n${lines.join("\n")}\n}`;
}

function printType(shape: Shape): string {
  switch (shape.kind) {
    case "any":
      return "unknown";
    case "text":
      return "string";
    case "scalar":
      return "Scalar";
    case "number":
      return "number | Template";
    case "flag":
      return "boolean | Template";
    case "nothing":
      return "null";
    case "duration":
    case "size":
      return "number | string";
    case "choice":
      return printChoice(shape).join(" | ");
    case "list":
      return `readonly (${printType(shape.of)})[]`;
    case "map":
      return `Readonly<Record<string, ${printType(shape.of)}>>`;
    case "object":
      return printFields(shape.fields, shape.required);
    case "union":
      return shape.of
        .flatMap((each) => (each.kind === "choice" ? printChoice(each) : [printType(each)]))
        .filter((type, index, all) => all.indexOf(type) === index)
        .join(" | ");
    case "steps":
      return shape.single ? "Step | readonly Step[]" : "readonly Step[]";
    default:
      return shape satisfies never;
  }
}

function printChoice({ values }: Shape & { kind: "choice" }): string[] {
  return [...values.map((value) => JSON.stringify(value)), "Template"];
}
