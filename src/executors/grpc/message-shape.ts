import type { Enum, Field, Root, Type } from "protobufjs";
import { loadProtobuf } from "./load-protobuf.ts";

/** Fields of a message by their name, as the codec takes them. */
export type Fields = Record<string, unknown>;

/** What a message looks like: of its type, made once. */
export interface MessageShape {
  /** `package.Message`. */
  readonly name: string;
  readonly type: Type;
  readonly fields: readonly FieldShape[];
  /** By the name in the proto and by the one in JSON. */
  readonly byName: ReadonlyMap<string, FieldShape>;
}

/** What one value of a field is. */
export type ValueShape =
  | { readonly kind: "scalar"; readonly scalar: string }
  | { readonly kind: "enum"; readonly values: Enum }
  | { readonly kind: "message"; readonly shape: () => MessageShape };

export interface FieldShape {
  /** In the proto, and in the codec's messages. */
  readonly name: string;
  readonly jsonName: string;
  readonly value: ValueShape;
  readonly repeated: boolean;
  /** The type of a map's keys; null: it is no map. */
  readonly mapKey: string | null;
  /** The others of which only one can be set; null: none. */
  readonly oneof: string | null;
  /** Can it be told from its default whether it is set? */
  readonly hasPresence: boolean;
  readonly fallback: unknown;
}

const known = new WeakMap<Type, MessageShape>();

export function shapeOf(type: Type): MessageShape {
  const found = known.get(type);
  if (found !== undefined) return found;
  const fields = type.fieldsArray.map(describeField);
  const byName = new Map<string, FieldShape>();
  for (const field of fields) byName.set(field.jsonName, field);
  for (const field of fields) byName.set(field.name, field);
  const shape = { name: type.fullName.slice(1), type, fields, byName };
  known.set(type, shape);
  return shape;
}

/** The shape of a type by its name, anywhere in these protos; null: it is not there. */
export function findShape(root: Root, name: string): MessageShape | null {
  const { Type } = loadProtobuf();
  const found = root.lookup(`.${name}`);
  return found instanceof Type ? shapeOf(found) : null;
}

function describeField(given: Field): FieldShape {
  const { Enum, MapField } = loadProtobuf();
  const field = given.resolve();
  const { resolvedType } = field;
  const value: ValueShape =
    resolvedType === null
      ? { kind: "scalar", scalar: field.type }
      : resolvedType instanceof Enum
        ? { kind: "enum", values: resolvedType }
        : { kind: "message", shape: () => shapeOf(resolvedType) };
  const jsonName: unknown = field.options?.["json_name"];
  return {
    name: field.name,
    jsonName: typeof jsonName === "string" ? jsonName : toJsonName(field.name),
    value,
    repeated: field.repeated,
    mapKey: field instanceof MapField ? field.keyType : null,
    oneof: field.partOf !== null && field.partOf.oneof.length > 1 ? field.partOf.name : null,
    hasPresence: field.partOf !== null || field.hasPresence || value.kind === "message",
    fallback: field.typeDefault,
  };
}

/** As protoc names a field in JSON. */
function toJsonName(name: string): string {
  return name.replaceAll(/_+(.?)/g, (_match, next: string) => next.toUpperCase());
}
