import { fakeFunctions } from "./functions/fake.ts";
import { hashFunctions } from "./functions/hash.ts";
import { listFunctions } from "./functions/list.ts";
import { numberFunctions } from "./functions/number.ts";
import { randomFunctions } from "./functions/random.ts";
import { textFunctions } from "./functions/text.ts";
import { timeFunctions } from "./functions/time.ts";
import type { FunctionSpec } from "./functions/function-spec.ts";

/** Every function of the language by name. */
export const functions: ReadonlyMap<string, FunctionSpec> = new Map(
  Object.entries({
    ...randomFunctions,
    ...timeFunctions,
    ...numberFunctions,
    ...textFunctions,
    ...listFunctions,
    ...hashFunctions,
    ...fakeFunctions,
  }),
);
