import { expect, test } from "vitest";
import { createMasker } from "../../run/masker.ts";
import { showBody } from "./show-message.ts";

const key = "-----BEGIN KEY-----\nMIIC4TCCAcmgAwIB\nBQAwEjEQMA4GA1UE\n-----END KEY-----\n";

test.each([
  ["whole", `a\n${key}b`, ["a", "***b"]],
  ["where the body is cut", `${"x".repeat(4_070)}${key}`, [`${"x".repeat(4_070)}***`]],
])("no line of a secret of several lines is shown: %s", (_name, body, shown) => {
  expect(showBody(Buffer.from(body), "", createMasker({ key }))).toEqual(shown);
});
