import fc from "fast-check";
import { expect, test } from "vitest";
import { fromSandboxJson, toSandboxJson } from "./sandbox-json.ts";

test("data comes back as it was, with the digits of every whole number", () => {
  const beyond = fc.bigInt().filter((value) => value > 2n ** 53n || value < -(2n ** 53n));
  const data = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { depthSize: "small" },
      fc.string(),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      beyond,
      fc.array(tie("value")),
      fc.dictionary(fc.string(), tie("value"), { noNullPrototype: true }),
    ),
  })).value;
  fc.assert(
    fc.property(data, (value) => {
      expect(fromSandboxJson(toSandboxJson(value).replace(/^!/, ""))).toEqual(value);
    }),
  );
});

test("what only looks like a number of ours stays as it is", () => {
  const text = JSON.stringify({ "\u0000n": "12x", b: { "\u0000n": 5 } });
  expect(fromSandboxJson(text)).toEqual(JSON.parse(text));
});
