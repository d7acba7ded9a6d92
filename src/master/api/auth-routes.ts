import type { FastifyInstance } from "fastify";
import type { Access } from "../access/access.ts";
import { anonymous } from "../access/identity.ts";
import { declareRoute } from "./route.ts";
import { ticketAnswer, whoAmI } from "./schema/access.ts";
import { serveRoutes } from "./serve-routes.ts";

export const authRoutes = {
  whoAmI: declareRoute({
    method: "GET",
    url: "/api/v1/auth/me",
    role: "viewer",
    tag: "Access",
    summary: "Says whose key this is",
    answer: { status: 200, description: "Its name and role", schema: whoAmI },
  }),
  issueTicket: declareRoute({
    method: "POST",
    url: "/api/v1/auth/ticket",
    role: "viewer",
    tag: "Access",
    summary: "Issues a ticket for a WebSocket",
    description: "A browser sends no header with a WebSocket: `?ticket=` stands for the key there, once, within 30 s.",
    answer: { status: 200, description: "The ticket", schema: ticketAnswer },
  }),
};

/** `/auth`: who somebody is, and a ticket for where no header can be sent. */
export function serveAuth(server: FastifyInstance, access: Pick<Access, "issueTicket">): void {
  serveRoutes(server, authRoutes, {
    whoAmI: ({ request }) => {
      const { name, role } = request.identity ?? anonymous;
      return { name, role };
    },
    issueTicket: ({ request }) => ({ ticket: access.issueTicket(request.identity ?? anonymous) }),
  });
}
