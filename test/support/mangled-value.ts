import fc, { type Arbitrary } from "fast-check";
import type { JsonObject } from "../../src/protocol/json.ts";

type Schemas = Readonly<Record<string, JsonObject>>;

/** What clients send by mistake or in bad faith, as text of JSON. */
const wildTexts = [
  "null",
  "true",
  '""',
  "[]",
  "{}",
  "0",
  "-0",
  "-1",
  "1.5",
  "1e308",
  "-1e308",
  "1e999",
  "9007199254740993",
  `1${"0".repeat(400)}`,
  '"1"',
  '"true"',
  '"\\u0000"',
  '"\\ud800"',
  '"压力测试 🚀 \\u202e"',
  '"__proto__"',
  '{"__proto__":{"admin":true}}',
  '{"constructor":{"prototype":1}}',
  `"${"x".repeat(3_000)}"`,
  `${"[".repeat(100)}${"]".repeat(100)}`,
  `${'{"a":'.repeat(200)}1${"}".repeat(200)}`,
  `[${"0,".repeat(500)}0]`,
];

/** Any text of JSON that nobody asked for. */
export function wildJson(): Arbitrary<string> {
  const any = fc.json({ maxDepth: 4, noUnicodeString: false } as Parameters<typeof fc.json>[0]);
  return fc.oneof(
    fc.constantFrom(...wildTexts),
    any,
    fc.string({ unit: "binary" }).map((text) => JSON.stringify(text)),
  );
}

/** By schema and depth: steps stand in steps. */
const made = new Map<JsonObject, Map<number, Arbitrary<string>>>();

/** Texts of JSON around a schema: as it says, with fields missing, wrong, or too many, or something else altogether. */
export function mangledJson(schema: JsonObject, schemas: Schemas, depth = 0): Arbitrary<string> {
  const byDepth = made.get(schema) ?? new Map<number, Arbitrary<string>>();
  made.set(schema, byDepth);
  const known = byDepth.get(depth) ?? mangle(schema, schemas, depth);
  byDepth.set(depth, known);
  return known;
}

function mangle(schema: JsonObject, schemas: Schemas, depth: number): Arbitrary<string> {
  const { $ref: reference, enum: values, const: constant, anyOf, oneOf, type } = schema;
  const around = (valid: Arbitrary<string>): Arbitrary<string> =>
    fc.oneof({ arbitrary: valid, weight: 4 }, { arbitrary: wildJson(), weight: 1 });
  if (typeof reference === "string") {
    return mangledJson(schemas[reference.split("/").at(-1) ?? ""] ?? {}, schemas, depth);
  }
  if (depth > 5) return fc.constant("null");
  if (constant !== undefined) return around(fc.constant(JSON.stringify(constant)));
  if (Array.isArray(values)) return around(fc.constantFrom(...values.map((value) => JSON.stringify(value))));
  const choices = anyOf ?? oneOf;
  if (Array.isArray(choices)) {
    return fc.oneof(...choices.map((each) => mangledJson(each as JsonObject, schemas, depth + 1)));
  }
  const kinds = [type ?? "object"].flat().map(String);
  return fc.oneof(...kinds.map((kind) => around(ofKind(kind, schema, schemas, depth))));
}

function ofKind(kind: string, schema: JsonObject, schemas: Schemas, depth: number): Arbitrary<string> {
  const { minimum = -1e9, maximum = 1e9, maxLength = 80, items, properties, additionalProperties } = schema;
  switch (kind) {
    case "integer":
      return edges(Number(minimum), Number(maximum), true);
    case "number":
      return edges(Number(minimum), Number(maximum), false);
    case "boolean":
      return fc.boolean().map(String);
    case "null":
      return fc.constant("null");
    case "string":
      return fc
        .oneof(
          fc.string({ unit: "grapheme", maxLength: Number(maxLength) }),
          fc.constantFrom("1s", "500ms", "0", "-1s", "2026-01-06T10:00:00Z", "9".repeat(Number(maxLength))),
          fc.constant("x".repeat(Number(maxLength) + 1)),
        )
        .map((text) => JSON.stringify(text));
    case "array":
      return fc
        .array(mangledJson((items ?? {}) as JsonObject, schemas, depth + 1), { maxLength: 4 })
        .map((all) => `[${all.join(",")}]`);
    default: {
      const known = Object.entries((properties ?? {}) as Readonly<Record<string, JsonObject>>).map(([name, field]) =>
        fc.option(mangledJson(field, schemas, depth + 1), { freq: 3, nil: null }).map((text) => [name, text] as const),
      );
      const open = typeof additionalProperties === "object" ? (additionalProperties as JsonObject) : {};
      const more = fc.array(
        fc.tuple(fc.string({ unit: "grapheme", maxLength: 20 }), mangledJson(open, schemas, depth + 3)),
        {
          maxLength: Object.keys(properties ?? {}).length === 0 ? 4 : 1,
        },
      );
      return fc.tuple(fc.tuple(...known), more).map(([fields, others]) => {
        const given = [...fields, ...others].flatMap(([name, text]) =>
          text === null ? [] : [`${JSON.stringify(name)}:${text}`],
        );
        return `{${given.join(",")}}`;
      });
    }
  }
}

/** Numbers in a range, at its ends and just outside. */
function edges(minimum: number, maximum: number, whole: boolean): Arbitrary<string> {
  const inside = whole
    ? fc.integer({ min: Math.max(minimum, -1e9), max: Math.min(maximum, 1e9) })
    : fc.double({ min: minimum, max: maximum, noNaN: true });
  return fc.oneof(inside, fc.constantFrom(minimum, maximum, minimum - 1, maximum + 1)).map(String);
}
