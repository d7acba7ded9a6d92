import { Type } from "./type.ts";
import { oneOf } from "./schema.ts";
import { moment } from "./values.ts";

export const health = Type.Object(
  { status: Type.Literal("healthy"), timestamp: moment() },
  { additionalProperties: false, title: "Health" },
);

export const readiness = Type.Object(
  {
    status: oneOf(["ready", "not_ready"]),
    ready: Type.Boolean(),
    reason: Type.Optional(Type.String({ description: "Why not" })),
    timestamp: moment(),
  },
  { additionalProperties: false, title: "Readiness" },
);
