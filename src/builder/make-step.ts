import { EngineError } from "../errors.ts";
import { shortFields, type StepConfigs, type StepFields, type StepOf } from "./document.ts";

type StepType = keyof StepConfigs;
type Shorts = typeof shortFields;
type ShortOf<Type extends StepType> = Type extends keyof Shorts
  ? Shorts[Type] extends keyof StepConfigs[Type]
    ? Extract<StepConfigs[Type][Shorts[Type]], string | number | readonly unknown[]>
    : never
  : never;

/** A config, or the value of the one field that may stand for it: `http("/cart")` is `http({ url: "/cart" })`. */
export type Given<Type extends StepType> = StepConfigs[Type] | ShortOf<Type>;

/** Makes a step: its type's config first, then the fields that every step has. It is plain data, what YAML would say. */
export function makeStep<Type extends StepType>(type: Type, given: Given<Type>, fields: StepFields = {}): StepOf<Type> {
  return { ...fields, type, config: isConfig<Type>(given) ? given : spellOut<Type>(type, given) };
}

function isConfig<Type extends StepType>(given: Given<Type>): given is StepConfigs[Type] {
  return typeof given === "object" && !Array.isArray(given);
}

function spellOut<Type extends StepType>(type: Type, value: unknown): StepConfigs[Type] {
  const field = (shortFields as Readonly<Partial<Record<StepType, string>>>)[type];
  if (field === undefined)
    throw new EngineError("invalid_workflow", `a step of type ${type} takes its fields as an object`);
  return { [field]: value } as unknown as StepConfigs[Type];
}
