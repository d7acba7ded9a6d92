import type { FastifyInstance } from "fastify";
import { EngineError } from "../../errors.ts";
import type { DrainAnswer, SlaveList } from "../../protocol/rest.ts";
import { describeSlave } from "../describe-slave.ts";
import type { Executions } from "../executions.ts";
import type { Registry } from "../registered-slave.ts";
import { checkBody, checkQuery } from "./check-value.ts";
import { parseBody, type RawBody } from "./read-body.ts";

interface Drain {
  readonly Params: { readonly id: string };
  readonly Body: RawBody | null;
}

const checkNoQuery = checkQuery<object>({ type: "object", additionalProperties: false, properties: {} });
const checkNoBody = checkBody<object>({ type: "object", additionalProperties: false, properties: {} });

/** `/slaves`: who is there, and who is being relieved. */
export function addSlaveRoutes(
  server: FastifyInstance,
  executions: Executions,
  registry: Pick<Registry, "list" | "get">,
): void {
  server.get("/api/v1/slaves", (request): SlaveList => {
    checkNoQuery(request.query);
    const slaves = registry.list().map(describeSlave);
    return { slaves, total: slaves.length };
  });

  server.get<{ Params: { readonly id: string } }>("/api/v1/slaves/:id", ({ params, query }) => {
    checkNoQuery(query);
    const slave = registry.get(params.id);
    if (slave !== null) return describeSlave(slave);
    throw new EngineError("not_found", `there is no slave \`${params.id.slice(0, 100)}\``, {
      hint: "GET /api/v1/slaves lists them.",
    });
  });

  for (const command of ["drain", "undrain"] as const) {
    server.post<Drain>(`/api/v1/slaves/:id/${command}`, async ({ params, query, body }): Promise<DrainAnswer> => {
      checkNoQuery(query);
      checkNoBody(parseBody(body) ?? {});
      return { success: true, state: await executions[command](params.id) };
    });
  }
}
