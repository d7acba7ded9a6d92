import type { Fields } from "./message-shape.ts";
import { fromScalar, type Refuse, toScalar } from "./scalar.ts";

/** A standard type with a form of its own in proto3's JSON. */
interface WellKnown {
  /** As the codec takes it. `lenient`: as for scalars. */
  read(value: unknown, lenient: boolean, refuse: Refuse): Fields;
  show(fields: Readonly<Record<string, unknown>>): unknown;
}

const wrapped: Readonly<Record<string, string>> = {
  DoubleValue: "double",
  FloatValue: "float",
  Int64Value: "int64",
  UInt64Value: "uint64",
  Int32Value: "int32",
  UInt32Value: "uint32",
  BoolValue: "bool",
  StringValue: "string",
  BytesValue: "bytes",
};

const zeros: Readonly<Record<string, unknown>> = { bool: false, string: "", bytes: Buffer.alloc(0) };

/** By the full names of their types. `Any`, which needs to know other types, is not among them. */
export const wellKnown: ReadonlyMap<string, WellKnown> = new Map<string, WellKnown>([
  ["google.protobuf.Timestamp", { read: readTimestamp, show: showTimestamp }],
  ["google.protobuf.Duration", { read: readDuration, show: showDuration }],
  ["google.protobuf.FieldMask", { read: readMask, show: showMask }],
  ["google.protobuf.Struct", { read: (value, _lenient, refuse) => readStruct(value, refuse, 0), show: showStruct }],
  ["google.protobuf.Value", { read: (value, _lenient, refuse) => readValue(value, refuse, 0), show: showValue }],
  ["google.protobuf.ListValue", { read: (value, _lenient, refuse) => readList(value, refuse, 0), show: showList }],
  ...Object.entries(wrapped).map(([name, scalar]): [string, WellKnown] => [
    `google.protobuf.${name}`,
    {
      read: (value, lenient, refuse) => ({ value: toScalar(scalar, value, lenient, refuse) }),
      show: ({ value }) => fromScalar(scalar, value ?? zeros[scalar] ?? 0),
    },
  ]),
]);

/** Sets a key of a plain object, whatever it is called. */
export function putKey(object: Record<string, unknown>, key: string, value: unknown): void {
  if (key === "__proto__")
    Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
  else object[key] = value;
}

const mostSeconds = 315_576_000_000;

function readTimestamp(value: unknown, _lenient: boolean, refuse: Refuse): Fields {
  const hint = "a time such as 2026-01-31T12:00:00Z";
  const pattern = /^(\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)$/;
  const match = typeof value === "string" ? pattern.exec(value) : null;
  if (match === null) return refuse(hint);
  const [, base, fraction = "", zone] = match;
  const ms = Date.parse(`${base}${zone}`.toUpperCase());
  if (Number.isNaN(ms) || ms < Date.parse("0001-01-01T00:00:00Z")) return refuse(hint);
  return { seconds: ms / 1_000, nanos: Number(fraction.padEnd(9, "0")) };
}

function showTimestamp({ seconds = 0, nanos = 0 }: Readonly<Record<string, unknown>>): unknown {
  const date = new Date(Number(seconds) * 1_000);
  // One that no calendar has is shown as it came.
  if (Number.isNaN(date.getTime())) return { seconds: String(seconds), nanos };
  return `${date.toISOString().slice(0, -5)}${showFraction(Number(nanos))}Z`;
}

function readDuration(value: unknown, _lenient: boolean, refuse: Refuse): Fields {
  const match = typeof value === "string" ? /^(-?)(\d{1,12})(?:\.(\d{1,9}))?s$/.exec(value) : null;
  const [, sign, whole, fraction = ""] = match ?? [];
  if (match === null || Number(whole) > mostSeconds) return refuse("a duration in seconds such as 1.5s");
  const factor = sign === "-" ? -1 : 1;
  return { seconds: factor * Number(whole), nanos: factor * Number(fraction.padEnd(9, "0")) };
}

function showDuration({ seconds = 0, nanos = 0 }: Readonly<Record<string, unknown>>): unknown {
  const sign = Number(seconds) < 0 || Number(nanos) < 0 ? "-" : "";
  return `${sign}${String(seconds).replace("-", "")}${showFraction(Math.abs(Number(nanos)))}s`;
}

/** Nothing, or 3, 6 or 9 digits. */
function showFraction(nanos: number): string {
  if (nanos === 0) return "";
  return `.${String(nanos)
    .padStart(9, "0")
    .replace(/(?:000){1,2}$/, "")}`;
}

function readMask(value: unknown, _lenient: boolean, refuse: Refuse): Fields {
  if (typeof value !== "string") return refuse("paths with commas between");
  const paths = value === "" ? [] : value.split(",");
  return { paths: paths.map((path) => path.trim().replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)) };
}

function showMask({ paths = [] }: Readonly<Record<string, unknown>>): unknown {
  const camel = (path: string) => path.replaceAll(/_([a-z])/g, (_match, letter: string) => letter.toUpperCase());
  return (paths as readonly string[]).map(camel).join(",");
}

const deepest = 30;

function readValue(value: unknown, refuse: Refuse, depth: number): Fields {
  if (depth > deepest) return refuse(`at most ${deepest} levels`);
  if (value === null) return { nullValue: 0 };
  if (typeof value === "string") return { stringValue: value };
  if (typeof value === "boolean") return { boolValue: value };
  if (typeof value === "number" || typeof value === "bigint") return { numberValue: Number(value) };
  if (Array.isArray(value)) return { listValue: readList(value, refuse, depth) };
  return { structValue: readStruct(value, refuse, depth) };
}

function readStruct(value: unknown, refuse: Refuse, depth: number): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return refuse("a map");
  const fields = Object.create(null) as Fields;
  for (const [key, item] of Object.entries(value)) fields[key] = readValue(item, refuse, depth + 1);
  return { fields };
}

function readList(value: unknown, refuse: Refuse, depth: number): Fields {
  if (!Array.isArray(value)) return refuse("a list");
  return { values: value.map((item: unknown) => readValue(item, refuse, depth + 1)) };
}

function showValue(fields: Readonly<Record<string, unknown>>): unknown {
  const { stringValue, boolValue, numberValue, listValue, structValue } = own(fields);
  if (structValue !== undefined) return showStruct(structValue as Fields);
  if (listValue !== undefined) return showList(listValue as Fields);
  if (numberValue !== undefined) return fromScalar("double", numberValue);
  return stringValue ?? boolValue ?? null;
}

function showStruct(fields: Readonly<Record<string, unknown>>): unknown {
  const result: Record<string, unknown> = {};
  for (const [key, item] of Object.entries((own(fields)["fields"] ?? {}) as object)) {
    putKey(result, key, showValue(item as Fields));
  }
  return result;
}

function showList(fields: Readonly<Record<string, unknown>>): unknown {
  return ((own(fields)["values"] ?? []) as readonly Fields[]).map(showValue);
}

/** Without the defaults that the codec's messages inherit. */
function own(fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return { ...fields };
}
