import { writeFileSync } from "node:fs";
import { createJsonSchema } from "../src/definition/json-schema.ts";

// Writes schema/workflow.schema.json; a test tells when it is out of date.
const file = new URL("../schema/workflow.schema.json", import.meta.url);
writeFileSync(file, `${JSON.stringify(createJsonSchema(), null, 2)}\n`);
