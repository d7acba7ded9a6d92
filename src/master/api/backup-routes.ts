import type { FastifyInstance } from "fastify";
import { Type } from "./schema/type.ts";
import type { BackUp } from "../back-up.ts";
import { declareRoute } from "./route.ts";
import { serveRoutes } from "./serve-routes.ts";

export const backupRoutes = {
  backUp: declareRoute({
    method: "POST",
    url: "/api/v1/backup",
    role: "admin",
    tag: "Master",
    summary: "Gives a copy of the store while the master runs",
    description:
      "A consistent SQLite file: put in place of `store.db` of a stopped master, it holds all that was durable when it was asked for. Files that came with submits are not in it.",
    answer: {
      status: 200,
      description: "The copy",
      type: "application/vnd.sqlite3",
      schema: Type.String({ format: "binary" }),
    },
    errors: ["conflict"],
  }),
};

/** `/backup`: the store, as a file. */
export function serveBackup(server: FastifyInstance, backUp: BackUp): void {
  serveRoutes(server, backupRoutes, {
    backUp: async ({ reply }) => {
      const copy = await backUp();
      return reply
        .type("application/vnd.sqlite3")
        .header("content-length", copy.size)
        .header("content-disposition", 'attachment; filename="store.db"')
        .send(copy.open());
    },
  });
}
