import type { FastifyInstance } from "fastify";
import type { Clock } from "../../protocol/ports.ts";
import type { Executions } from "../executions.ts";
import { anyQuery, declareRoute } from "./route.ts";
import { health, readiness } from "./schema/health.ts";
import { serveRoutes } from "./serve-routes.ts";

export const healthRoutes = {
  getHealth: declareRoute({
    method: "GET",
    url: "/api/v1/health",
    alias: "/health",
    role: "anyone",
    tag: "Health",
    summary: "Does the process live?",
    query: anyQuery,
    answer: { status: 200, description: "It does", schema: health },
  }),
  getReadiness: declareRoute({
    method: "GET",
    url: "/api/v1/ready",
    alias: "/ready",
    role: "anyone",
    tag: "Health",
    summary: "Does it take work?",
    description: "Its store is open and unfinished executions are taken up; slaves are not waited for.",
    query: anyQuery,
    answer: { status: 200, description: "It does", schema: readiness },
    otherAnswers: [{ status: 503, description: "Not yet", schema: readiness }],
  }),
};

/** Whether the process lives, and whether it takes work. */
export function serveHealth(server: FastifyInstance, executions: Pick<Executions, "ready">, clock: Clock): void {
  const timestamp = (): string => new Date(clock.wall()).toISOString();
  serveRoutes(server, healthRoutes, {
    getHealth: () => ({ status: "healthy", timestamp: timestamp() }),
    getReadiness: ({ reply }) => {
      if (executions.ready) return { status: "ready", ready: true, timestamp: timestamp() };
      const reason = "unfinished executions are being taken up";
      return reply
        .status(503)
        .header("Retry-After", "1")
        .send({ status: "not_ready", ready: false, reason, timestamp: timestamp() });
    },
  });
}
