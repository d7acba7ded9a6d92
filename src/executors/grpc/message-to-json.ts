import type { Root } from "protobufjs";
import { loadProtobuf } from "./load-protobuf.ts";
import { findShape, type FieldShape, type MessageShape, type ValueShape } from "./message-shape.ts";
import { fromScalar } from "./scalar.ts";
import { putKey, wellKnown } from "./well-known.ts";

/**
 * Shows a message of the codec as proto3's JSON: names in camelCase, fields with their defaults, a message that is not
 * set as null, whole numbers of 64 bits as texts, bytes as base64, enums by name. An Any of a type that is not in the
 * protos has its bytes as `value`.
 */
export function showMessage(shape: MessageShape, message: object, root: Root): unknown {
  const fields = message as Readonly<Record<string, unknown>>;
  if (shape.name === "google.protobuf.Any") return showAny(fields, root);
  const special = wellKnown.get(shape.name);
  if (special !== undefined) return special.show(fields);
  const result: Record<string, unknown> = {};
  for (const field of shape.fields) {
    const isSet = Object.hasOwn(fields, field.name) && fields[field.name] !== null;
    if (isSet) putKey(result, field.jsonName, showField(field, fields[field.name], root));
    else if (field.mapKey !== null) putKey(result, field.jsonName, {});
    else if (field.repeated) putKey(result, field.jsonName, []);
    else if (field.oneof !== null) continue;
    else if (!field.hasPresence) putKey(result, field.jsonName, showValue(field.value, field.fallback, root));
    else if (field.value.kind === "message") putKey(result, field.jsonName, null);
  }
  return result;
}

function showField({ mapKey, repeated, value }: FieldShape, item: unknown, root: Root): unknown {
  if (mapKey !== null) {
    const result: Record<string, unknown> = {};
    for (const [key, inner] of Object.entries(item as object)) {
      putKey(result, showKey(mapKey, key), showValue(value, inner, root));
    }
    return result;
  }
  return repeated
    ? (item as readonly unknown[]).map((inner) => showValue(value, inner, root))
    : showValue(value, item, root);
}

/** Keys of 64 bits are kept by the codec as the eight characters of their bytes. */
function showKey(mapKey: string, key: string): string {
  if (!mapKey.endsWith("64") || key.length !== 8) return key;
  return String(loadProtobuf().util.longFromHash(key, mapKey.startsWith("u") || mapKey === "fixed64"));
}

function showValue(value: ValueShape, item: unknown, root: Root): unknown {
  if (value.kind === "message") return showMessage(value.shape(), item as object, root);
  if (value.kind === "scalar") return fromScalar(value.scalar, item);
  if (value.values.fullName === ".google.protobuf.NullValue") return null;
  return value.values.valuesById[item as number] ?? item;
}

function showAny(
  { type_url: url = "", value = Buffer.alloc(0) }: Readonly<Record<string, unknown>>,
  root: Root,
): unknown {
  const type = String(url);
  const shape = findShape(root, type.slice(type.lastIndexOf("/") + 1));
  if (shape === null) return { "@type": type, value: fromScalar("bytes", value) };
  const shown = showMessage(shape, shape.type.decode(value as Uint8Array), root);
  const isSpecial = wellKnown.has(shape.name) || shape.name === "google.protobuf.Any";
  return isSpecial ? { "@type": type, value: shown } : { "@type": type, ...(shown as object) };
}
