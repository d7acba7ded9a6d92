import type { FastifyInstance } from "fastify";
import type { Clock } from "../../protocol/ports.ts";
import type { Executions } from "../executions.ts";

/** `/health` and `/ready`, at the root and under `/api/v1`: whether the process lives, and whether it takes work. */
export function addHealthRoutes(server: FastifyInstance, executions: Pick<Executions, "ready">, clock: Clock): void {
  const timestamp = (): string => new Date(clock.wall()).toISOString();
  for (const prefix of ["", "/api/v1"]) {
    server.get(`${prefix}/health`, () => ({ status: "healthy", timestamp: timestamp() }));
    server.get(`${prefix}/ready`, (_request, reply) => {
      if (executions.ready) return { status: "ready", ready: true, timestamp: timestamp() };
      const reason = "unfinished executions are being taken up";
      return reply.status(503).send({ status: "not_ready", ready: false, reason, timestamp: timestamp() });
    });
  }
}
