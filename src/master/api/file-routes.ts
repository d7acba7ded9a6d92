import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import type { FastifyInstance } from "fastify";
import { Type } from "./schema/type.ts";
import { EngineError } from "../../errors.ts";
import type { Executions } from "../executions.ts";
import { findExecution, resolveId } from "./find-execution.ts";
import { declareRoute } from "./route.ts";
import { fileList } from "./schema/execution.ts";
import { serveRoutes } from "./serve-routes.ts";

export const fileRoutes = {
  listFiles: declareRoute({
    method: "GET",
    url: "/api/v1/executions/:id/files",
    role: "viewer",
    tag: "Executions",
    summary: "Lists the files that an execution's outputs have written so far",
    answer: { status: 200, description: "By name; empty without such outputs", schema: fileList },
    errors: ["not_found", "not_ready"],
  }),
  getFile: declareRoute({
    method: "GET",
    url: "/api/v1/executions/:id/files/:name",
    role: "viewer",
    tag: "Executions",
    summary: "Gives a file that an execution's outputs wrote",
    description: "While the execution runs, what is written so far. It is kept as long as the execution.",
    answer: {
      status: 200,
      description: "The file",
      type: "application/octet-stream",
      schema: Type.String({ format: "binary" }),
    },
    errors: ["not_found"],
  }),
};

/** `/executions/:id/files`: what outputs write. */
export function serveFiles(server: FastifyInstance, executions: Executions): void {
  serveRoutes(server, fileRoutes, {
    listFiles: ({ params }) => findExecution(executions, params.id, (id) => executions.listFiles(id)),
    getFile: async ({ params, reply }) => {
      const id = await resolveId(executions, params.id);
      const path = await executions.locateFile(id, params.name);
      if (path === null) {
        const hint = `GET /api/v1/executions/${id}/files lists them.`;
        throw new EngineError("not_found", `the execution has no such file`, { hint });
      }
      const { size } = await stat(path);
      const file = size === 0 ? Buffer.alloc(0) : createReadStream(path, { end: size - 1 });
      return reply.type("application/octet-stream").header("content-length", size).send(file);
    },
  });
}
