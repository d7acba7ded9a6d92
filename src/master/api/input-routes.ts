import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import type { FastifyInstance } from "fastify";
import { Type } from "./schema/type.ts";
import { EngineError } from "../../errors.ts";
import { inputHeaders } from "../../protocol/link.ts";
import type { Executions } from "../executions.ts";
import type { Registry } from "../registered-slave.ts";
import { declareRoute } from "./route.ts";
import { serveRoutes } from "./serve-routes.ts";

export const inputRoutes = {
  getInput: declareRoute({
    method: "GET",
    url: "/api/v1/executions/:id/inputs/:hash",
    role: "slave",
    tag: "Executions",
    summary: "Gives a slave a file that came with an execution's workflow",
    description: "Only to a slave that takes part in it, with the ticket of its link.",
    answer: {
      status: 200,
      description: "The file",
      type: "application/octet-stream",
      schema: Type.String({ format: "binary" }),
    },
    errors: ["not_found"],
  }),
};

/** `/executions/:id/inputs`: what slaves fetch before they prepare. */
export function serveInputs(
  server: FastifyInstance,
  executions: Pick<Executions, "locateInput">,
  registry: Pick<Registry, "holdsTicket">,
): void {
  serveRoutes(server, inputRoutes, {
    getInput: async ({ params: { id, hash }, request, reply }) => {
      const slaveId = readId(request.headers[inputHeaders.slave]);
      const ticket = request.headers[inputHeaders.ticket];
      if (slaveId === null || typeof ticket !== "string" || !registry.holdsTicket(slaveId, ticket)) {
        throw createUnknown();
      }
      const path = executions.locateInput(id, slaveId, hash);
      const found = path === null ? null : await stat(path).catch(readMissing);
      if (path === null || found === null) throw createUnknown();
      return reply.type("application/octet-stream").header("content-length", found.size).send(createReadStream(path));
    },
  });
}

function readId(header: string | string[] | undefined): string | null {
  if (typeof header !== "string") return null;
  try {
    return decodeURIComponent(header);
  } catch {
    return null;
  }
}

/** Also for those who may not have it: they are not told that it is there. */
function createUnknown(): EngineError {
  return new EngineError(
    "not_found",
    "there is no such file for you; one of an execution is given to its slaves alone",
  );
}

/** A file that is gone is answered as one that was never there; what else keeps it from being read is told. */
function readMissing(error: NodeJS.ErrnoException): null {
  if (error.code === "ENOENT") return null;
  throw error;
}
