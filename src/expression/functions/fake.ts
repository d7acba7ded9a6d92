import { type FakeName, fakeNames } from "../fake-names.ts";
import { valueError } from "../template-error.ts";
import type { Language } from "../language.ts";
import type { FunctionSpec } from "./function-spec.ts";

/** `faker.name()` and the like: they take nothing and give a text. */
export const fakeFunctions: Readonly<Record<string, FunctionSpec>> = Object.fromEntries(
  fakeNames.map((name) => [
    `faker.${name}`,
    { least: 0, most: 0, call: (_args: readonly unknown[], language: Language) => make(name, language) },
  ]),
);

function make(name: FakeName, { fake }: Language): string {
  if (fake === undefined) throw valueError(`faker.${name}() is not known here`);
  return fake(name);
}
