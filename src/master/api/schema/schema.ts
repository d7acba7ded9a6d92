import type { Static, TProperties, TSchema, TUnsafe } from "typebox";
import { Type } from "./type.ts";

/** Does this schema say what that type says, but for `readonly`? Otherwise what differs is shown as a type. */
type Agrees<Said, Meant> = [Said] extends [Meant]
  ? [Meant] extends [Said]
    ? unknown
    : Differs<Meant, Said>
  : Differs<Said, Meant>;

interface Differs<Left, Right> {
  readonly not: Left;
  readonly assignableTo: Right;
}

/** A schema gives lists and maps that may be changed; what travels is frozen. */
type Frozen<Value> = Value extends bigint | string | number | boolean | null | undefined
  ? Value
  : Value extends readonly (infer Item)[]
    ? readonly Frozen<Item>[]
    : { readonly [Key in keyof Value]: Frozen<Value[Key]> };

/** The schema of a type of `protocol/`: compiles only while both say the same. `title` names it in the API's document. */
export function schemaOf<Meant>() {
  return <Schema extends TSchema>(
    title: string,
    schema: Schema & Agrees<Frozen<Static<Schema>>, Frozen<Meant>>,
  ): TUnsafe<Meant> => Type.Unsafe<Meant>({ title, ...(schema as TSchema) });
}

/** An object with these fields and no others. */
export function exactly<Fields extends TProperties>(fields: Fields, options: { readonly description?: string } = {}) {
  return Type.Object(fields, { additionalProperties: false, ...options });
}

/** A map from texts to values of one kind. */
export function mapOf<Item extends TSchema>(
  item: Item,
  options: { readonly description?: string; readonly maxProperties?: number } = {},
): TUnsafe<Readonly<Record<string, Static<Item>>>> {
  return Type.Unsafe({ type: "object", additionalProperties: item, ...options });
}

/** This, or null where it is unknown. */
export function orNull<Item extends TSchema>(item: Item): TUnsafe<Static<Item> | null> {
  const { type } = item as { readonly type?: unknown };
  return Type.Unsafe(
    typeof type === "string" && !("enum" in item) && !("title" in item)
      ? { ...item, type: [type, "null"] }
      : { anyOf: [item, { type: "null" }] },
  );
}

/** One of these texts. */
export function oneOf<const Texts extends readonly string[]>(
  texts: Texts,
  options: { readonly description?: string } = {},
): TUnsafe<Texts[number]> {
  return Type.Unsafe({ type: "string", enum: [...texts], ...options });
}
