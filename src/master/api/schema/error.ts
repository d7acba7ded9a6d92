import { Type } from "./type.ts";
import type { ErrorBody } from "../../../protocol/rest.ts";
import { exactly, schemaOf } from "./schema.ts";
import { problem } from "./workflow.ts";

export const errorBody = schemaOf<ErrorBody>()(
  "Error",
  exactly({
    error: Type.String({ description: "A stable code" }),
    message: Type.String({ description: "What is wrong, the value, and what to do" }),
    hint: Type.Optional(Type.String()),
    problems: Type.Optional(Type.Array(problem)),
  }),
);
