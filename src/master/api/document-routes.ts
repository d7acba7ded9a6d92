import type { FastifyInstance } from "fastify";
import { Type } from "./schema/type.ts";
import type { OpenApiDocument } from "./document/open-api.ts";
import { anyQuery, declareRoute, type Route, type WebSocketRoute } from "./route.ts";
import { serveRoutes } from "./serve-routes.ts";

const openApi = Type.Unsafe<OpenApiDocument>({
  type: "object",
  required: ["openapi", "info", "paths"],
  properties: { openapi: { type: "string" }, info: { type: "object" }, paths: { type: "object" } },
});

export const documentRoutes = {
  getDocument: declareRoute({
    method: "GET",
    url: "/api/v1/openapi.json",
    role: "anyone",
    tag: "Master",
    summary: "Shows this description",
    query: anyQuery,
    answer: { status: 200, description: "OpenAPI 3.1", schema: openApi },
  }),
  getDocumentPage: declareRoute({
    method: "GET",
    url: "/api/docs",
    role: "anyone",
    tag: "Master",
    summary: "Shows this description to people",
    query: anyQuery,
    answer: { status: 200, description: "A page", type: "text/html", schema: Type.String() },
  }),
  getDocumentStyle: declareRoute({
    method: "GET",
    url: "/api/docs/style.css",
    role: "anyone",
    tag: "Master",
    summary: "How that page looks",
    query: anyQuery,
    answer: { status: 200, description: "CSS", type: "text/css", schema: Type.String() },
  }),
};

/** A page of texts: it runs nothing and asks nobody else. */
const policy = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** The API's description: for programs and, without a script, for people. Made when it is first asked for. */
export function serveDocument(
  server: FastifyInstance,
  routes: Readonly<Record<string, Route | WebSocketRoute>>,
  version: string,
): void {
  let made: Promise<OpenApiDocument> | null = null;
  const make = async (): Promise<OpenApiDocument> => {
    const { createDocument } = await import("./document/create-document.ts");
    return createDocument(routes, version);
  };
  serveRoutes(server, documentRoutes, {
    getDocument: () => (made ??= make()),
    getDocumentPage: async ({ reply }) => {
      const { printPage } = await import("./document/print-page.ts");
      reply.header("Content-Security-Policy", policy).header("X-Content-Type-Options", "nosniff");
      return reply.type("text/html; charset=utf-8").send(printPage(await (made ??= make())));
    },
    getDocumentStyle: async ({ reply }) => {
      const { style } = await import("./document/style.ts");
      return reply.type("text/css; charset=utf-8").send(style);
    },
  });
}
