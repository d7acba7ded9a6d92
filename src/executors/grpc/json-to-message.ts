import type { Root } from "protobufjs";
import { type Fields, findShape, type FieldShape, type MessageShape, type ValueShape } from "./message-shape.ts";
import { toScalar } from "./scalar.ts";
import { wellKnown } from "./well-known.ts";

/** Where in a message something is wrong, and what. */
export class MessageProblem extends Error {
  readonly path: readonly (string | number)[];

  constructor(path: readonly (string | number)[], message: string) {
    super(message);
    this.name = "MessageProblem";
    this.path = path;
  }
}

export interface MessageReading {
  /** Holds the types that an Any may be of. */
  readonly root: Root;
  /** `check`: texts with `${…}` may become anything. `filled`: they have; numbers and true/false are texts too. */
  readonly mode: "check" | "filled";
}

/** As deep as the codec goes. */
const deepest = 100;

/**
 * Reads a message from JSON (proto3's form; fields by the proto's names too) as the codec takes it. Throws MessageProblem
 * at the first field that is not known or does not fit.
 */
export function readMessage(shape: MessageShape, value: unknown, { root, mode }: MessageReading): Fields {
  return message(shape, value, []);

  function message(of: MessageShape, given: unknown, path: readonly (string | number)[]): Fields {
    if (path.length > deepest) throw new MessageProblem([], `a message is nested deeper than ${deepest}`);
    if (isOpen(given)) return {};
    if (of.name === "google.protobuf.Any") return any(given, path);
    const special = wellKnown.get(of.name);
    if (special !== undefined) {
      const refuse = (hint: string): never => throwUnfit(given, of.name, hint, path);
      return special.read(given, mode === "filled", refuse);
    }
    if (!isObject(given)) return throwUnfit(given, of.name, "a map of its fields", path);
    return plain(of, Object.entries(given), path);
  }

  function plain(of: MessageShape, entries: [string, unknown][], path: readonly (string | number)[]): Fields {
    const result = Object.create(null) as Fields;
    const taken = new Map<string, string>();
    for (const [key, item] of entries) {
      const field = of.byName.get(key);
      const here = [...path, key];
      if (field === undefined) throw new MessageProblem(here, `\`${of.name}\` has no field \`${key}\`${suggest(of)}`);
      if (item === null && !takesNull(field)) continue;
      if (Object.hasOwn(result, field.name)) throw new MessageProblem(here, `\`${field.name}\` is set twice`);
      const other = field.oneof === null ? undefined : taken.get(field.oneof);
      if (other !== undefined) throw new MessageProblem(here, `only one of \`${other}\` and \`${key}\` can be set`);
      if (field.oneof !== null) taken.set(field.oneof, key);
      result[field.name] = fieldValue(field, item, here);
    }
    return result;
  }

  function fieldValue(field: FieldShape, item: unknown, path: readonly (string | number)[]): unknown {
    const { mapKey } = field;
    if (mapKey !== null) {
      if (isOpen(item)) return {};
      if (!isObject(item)) return throwUnfit(item, "a map", "a map", path);
      const result = Object.create(null) as Fields;
      for (const [key, inner] of Object.entries(item)) {
        const refuse = (hint: string): never => throwUnfit(key, `a key of type ${mapKey}`, hint, [...path, key]);
        toScalar(mapKey, key, false, refuse);
        // The codec reads keys as numbers.
        result[mapKey === "bool" ? (key === "true" ? "1" : "") : key] = single(field.value, inner, [...path, key]);
      }
      return result;
    }
    if (!field.repeated) return single(field.value, item, path);
    if (isOpen(item)) return [];
    if (!Array.isArray(item)) return throwUnfit(item, "repeated", "a list", path);
    return item.map((inner: unknown, at) => single(field.value, inner, [...path, at]));
  }

  function single(value: ValueShape, item: unknown, path: readonly (string | number)[]): unknown {
    if (value.kind === "message") return message(value.shape(), item, path);
    if (isOpen(item)) return undefined;
    if (value.kind === "enum") {
      const { values, name } = value.values;
      if (name === "NullValue" && item === null) return 0;
      const number = typeof item === "string" && Object.hasOwn(values, item) ? values[item] : item;
      if (Number.isInteger(number) && Math.abs(Number(number)) < 2 ** 31) return number;
      const names = Object.keys(values).slice(0, 8).join(", ");
      return throwUnfit(item, `the enum ${name}`, `one of ${names}`, path);
    }
    const refuse = (hint: string): never => throwUnfit(item, value.scalar, hint, path);
    return toScalar(value.scalar, item, mode === "filled", refuse);
  }

  function any(given: unknown, path: readonly (string | number)[]): Fields {
    const url = isObject(given) ? given["@type"] : undefined;
    if (!isObject(given) || typeof url !== "string") {
      return throwUnfit(
        given,
        "google.protobuf.Any",
        'a map with "@type": "type.googleapis.com/package.Message"',
        path,
      );
    }
    if (isOpen(url)) return {};
    const inner = findShape(root, url.slice(url.lastIndexOf("/") + 1));
    if (inner === null) throw new MessageProblem([...path, "@type"], `the protos have no type \`${url}\``);
    const isSpecial = wellKnown.has(inner.name) || inner.name === "google.protobuf.Any";
    const entries = Object.entries(given).filter(([key]) => key !== "@type");
    const fields = isSpecial ? message(inner, given["value"], [...path, "value"]) : plain(inner, entries, path);
    return { type_url: url, value: mode === "check" ? Buffer.alloc(0) : inner.type.encode(fields).finish() };
  }

  function isOpen(given: unknown): boolean {
    return mode === "check" && typeof given === "string" && given.includes("${");
  }
}

function takesNull({ value }: FieldShape): boolean {
  if (value.kind === "enum") return value.values.name === "NullValue";
  return value.kind === "message" && value.shape().name === "google.protobuf.Value";
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function suggest({ fields }: MessageShape): string {
  if (fields.length === 0) return "; it has none";
  const shown = fields.slice(0, 8).map(({ jsonName }) => jsonName);
  return `; it has ${shown.join(", ")}${fields.length > shown.length ? ", …" : ""}`;
}

function throwUnfit(value: unknown, type: string, hint: string, path: readonly (string | number)[]): never {
  const shown = typeof value === "bigint" ? String(value) : (JSON.stringify(value) ?? "nothing");
  throw new MessageProblem(path, `${shown.slice(0, 60)} does not fit ${type}; it takes ${hint}`);
}
