import type { FastifyInstance } from "fastify";
import { Type } from "./schema/type.ts";
import type { SlaveConnection } from "../../protocol/rest.ts";
import type { MasterParts } from "./master-parts.ts";
import { anyQuery, declareRoute } from "./route.ts";
import { masterStatus } from "./schema/slave.ts";
import { serveRoutes } from "./serve-routes.ts";

export const masterRoutes = {
  getMaster: declareRoute({
    method: "GET",
    url: "/api/v1/master",
    role: "viewer",
    tag: "Master",
    summary: "Shows the master",
    answer: { status: 200, description: "What `master status` shows", schema: masterStatus },
  }),
  getExposition: declareRoute({
    method: "GET",
    url: "/metrics",
    role: "viewer",
    tag: "Master",
    summary: "Master, slaves and executions for Prometheus",
    query: anyQuery,
    answer: { status: 200, description: "Prometheus text", type: "text/plain", schema: Type.String() },
  }),
};

/** What a master says of itself. */
export function serveMaster(server: FastifyInstance, parts: MasterParts, warnings: () => readonly string[]): void {
  const { card, executions, registry, clock } = parts;
  const startedAt = clock.now();
  serveRoutes(server, masterRoutes, {
    getMaster: () => {
      const slaves: Record<SlaveConnection, number> = { online: 0, busy: 0, draining: 0, offline: 0 };
      for (const { state } of registry.list()) slaves[state]++;
      return {
        id: card.id,
        version: card.version,
        ready: executions.ready,
        uptime_ms: Math.round(clock.now() - startedAt),
        store: card.store,
        executions: executions.count(),
        max_executions: card.maxExecutions,
        slaves,
        warnings: [...card.warnings, ...warnings()],
      };
    },
    getExposition: async ({ reply }) => {
      const { exposeMaster } = await import("./expose-master.ts");
      const { type, text } = await exposeMaster(parts);
      return reply.type(type).send(text);
    },
  });
}
