import { Type } from "./type.ts";
import type { TicketAnswer, WhoAmI } from "../../../protocol/rest.ts";
import { exactly, oneOf, schemaOf } from "./schema.ts";

export const whoAmI = schemaOf<WhoAmI>()(
  "WhoAmI",
  exactly({
    name: Type.String({ description: "`anonymous` on a master without authentication" }),
    role: oneOf(["viewer", "operator", "admin", "slave"]),
  }),
);

export const ticketAnswer = schemaOf<TicketAnswer>()("TicketAnswer", exactly({ ticket: Type.String() }));
