import { Type as TypeBox } from "typebox";
import { expect, test } from "vitest";
import { Type } from "./type.ts";

/** A schema with all that the API's schemas are made of. */
const describeShop = (make: typeof Type) =>
  make.Object(
    {
      name: make.String({ minLength: 1, description: "its name" }),
      open: make.Boolean(),
      floors: make.Optional(make.Integer({ minimum: 0 })),
      rating: make.Number({ maximum: 5 }),
      kind: make.Union([make.Literal("shop"), make.Literal(7), make.Literal(true)], { description: "what it is" }),
      goods: make.Array(make.Object({ id: make.String(), old: make.Optional(make.Boolean()) }), { maxItems: 3 }),
      more: make.Optional(make.Unsafe<string | null>({ type: ["string", "null"] })),
      nothing: make.Object({ left: make.Optional(make.String({ format: "date-time" })) }),
    },
    { additionalProperties: false, description: "a shop" },
  );

test("schemas are, to the order of their keys, what TypeBox makes", () => {
  expect(JSON.stringify(describeShop(Type))).toBe(JSON.stringify(describeShop(TypeBox)));
});

test("a schema that is made optional stays required where it stands for itself", () => {
  const name = Type.String();
  expect(Type.Object({ a: name, b: Type.Optional(name) })).toMatchObject({ required: ["a"] });
});
