/**
 * What a value in a workflow file may look like, as plain data: one description for checking, for messages and for the
 * JSON Schema that editors use.
 */
export type Shape = Described & ShapeKind;

interface Described {
  /** For people, in editors: what a field means, its unit and its default. */
  readonly description?: string;
}

type ShapeKind =
  | { readonly kind: "any" }
  /** `secret`: no message shows the value. */
  | {
      readonly kind: "text";
      readonly pattern?: RegExp;
      readonly accepts?: string;
      readonly maxLength?: number;
      readonly secret?: boolean;
    }
  /** A text, number or true/false, read as text. */
  | { readonly kind: "scalar" }
  | {
      readonly kind: "number";
      readonly min?: number;
      readonly above?: number;
      readonly max?: number;
      readonly whole?: boolean;
    }
  | { readonly kind: "flag" }
  | { readonly kind: "nothing" }
  /** `positive`: zero is refused. `templates`: a text with `${…}` is left for the run. */
  | { readonly kind: "duration"; readonly positive?: boolean; readonly templates?: boolean }
  | { readonly kind: "size" }
  | {
      readonly kind: "choice";
      readonly values: readonly (string | number)[];
      readonly later?: readonly (string | number)[];
    }
  | { readonly kind: "list"; readonly of: Shape; readonly min?: number }
  | { readonly kind: "map"; readonly of: Shape; readonly keys?: RegExp; readonly keysAccept?: string }
  | ObjectShape
  /** The first whose JSON type fits the value decides. */
  | { readonly kind: "union"; readonly of: readonly Shape[] }
  /** A list of steps, or for a hook one step. */
  | { readonly kind: "steps"; readonly single?: boolean };

export interface ObjectShape extends Described {
  readonly kind: "object";
  readonly fields: Readonly<Record<string, Shape>>;
  readonly required: readonly string[];
  /** Names that people try, each with the field that is meant. */
  readonly misnomers?: Readonly<Record<string, string>>;
}

export const any: Shape = { kind: "any" };
export const text: Shape = { kind: "text" };
export const scalar: Shape = { kind: "scalar" };
export const flag: Shape = { kind: "flag" };
export const nothing: Shape = { kind: "nothing" };
export const size: Shape = { kind: "size" };
/** Zero or more. */
export const duration: Shape = { kind: "duration" };
/** More than zero. */
export const positiveDuration: Shape = { kind: "duration", positive: true };

/** The same shape with what it means at one place: a shape may stand at many. */
export function describe<Kind extends Shape>(shape: Kind, description: string): Kind {
  return { ...shape, description };
}

export function object(fields: Readonly<Record<string, Shape>>, required: readonly string[] = []): ObjectShape {
  return { kind: "object", fields, required };
}

export function list(of: Shape, min = 0): Shape {
  return { kind: "list", of, min };
}

export function map(of: Shape): Shape {
  return { kind: "map", of };
}

export function union(...of: readonly Shape[]): Shape {
  return { kind: "union", of };
}

export function choice(...values: readonly string[]): Shape {
  return { kind: "choice", values };
}
