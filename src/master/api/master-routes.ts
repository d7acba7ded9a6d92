import type { FastifyInstance } from "fastify";
import type { MasterStatus, SlaveConnection } from "../../protocol/rest.ts";
import type { MasterParts } from "./master-parts.ts";

/** `/api/v1/master`: what `master status` shows. `/metrics`: the same and more for Prometheus. */
export function addMasterRoutes(server: FastifyInstance, parts: MasterParts, warnings: () => readonly string[]): void {
  const { card, executions, registry, clock } = parts;
  const startedAt = clock.now();
  server.get("/api/v1/master", (): MasterStatus => {
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
  });

  server.get("/metrics", async (_request, reply) => {
    const { exposeMaster } = await import("./expose-master.ts");
    const { type, text } = await exposeMaster(parts);
    return reply.type(type).send(text);
  });
}
