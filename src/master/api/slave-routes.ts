import type { FastifyInstance } from "fastify";
import { EngineError } from "../../errors.ts";
import { describeSlave } from "../describe-slave.ts";
import type { Executions } from "../executions.ts";
import type { Registry } from "../registered-slave.ts";
import type { Once } from "./once.ts";
import { declareRoute } from "./route.ts";
import { drainAnswer, slave, slaveList } from "./schema/slave.ts";
import { serveRoutes } from "./serve-routes.ts";

export const slaveRoutes = {
  listSlaves: declareRoute({
    method: "GET",
    url: "/api/v1/slaves",
    role: "viewer",
    tag: "Slaves",
    summary: "Lists the slaves",
    description: "Those that went offline stay listed for 24 hours.",
    answer: { status: 200, description: "The slaves", schema: slaveList },
  }),
  getSlave: declareRoute({
    method: "GET",
    url: "/api/v1/slaves/:id",
    role: "viewer",
    tag: "Slaves",
    summary: "Shows a slave",
    answer: { status: 200, description: "The slave", schema: slave },
    errors: ["not_found"],
  }),
  drainSlave: declareRoute({
    method: "POST",
    url: "/api/v1/slaves/:id/drain",
    role: "admin",
    once: true,
    tag: "Slaves",
    summary: "Relieves a slave of its VUs and gives it no more",
    description: "Repeating it changes nothing.",
    answer: { status: 200, description: "Its state after it", schema: drainAnswer },
    errors: ["not_found", "conflict"],
  }),
  undrainSlave: declareRoute({
    method: "POST",
    url: "/api/v1/slaves/:id/undrain",
    role: "admin",
    once: true,
    tag: "Slaves",
    summary: "Lets a slave take VUs again",
    description: "Repeating it changes nothing.",
    answer: { status: 200, description: "Its state after it", schema: drainAnswer },
    errors: ["not_found", "conflict"],
  }),
};

/** `/slaves`: who is there, and who is being relieved. */
export function serveSlaves(
  server: FastifyInstance,
  executions: Executions,
  registry: Pick<Registry, "list" | "get">,
  once: Once,
): void {
  serveRoutes(
    server,
    slaveRoutes,
    {
      listSlaves: () => {
        const slaves = registry.list().map(describeSlave);
        return { slaves, total: slaves.length };
      },
      getSlave: ({ params }) => {
        const found = registry.get(params.id);
        if (found !== null) return describeSlave(found);
        throw new EngineError("not_found", `there is no slave \`${params.id.slice(0, 100)}\``, {
          hint: "`workflow-engine slaves list`, or GET /api/v1/slaves, lists them.",
        });
      },
      drainSlave: async ({ params }) => ({ success: true, state: await executions.drain(params.id) }),
      undrainSlave: async ({ params }) => ({ success: true, state: await executions.undrain(params.id) }),
    },
    once,
  );
}
