import { type ErrorCode, errorTable } from "../../../errors.ts";
import type { JsonObject } from "../../../protocol/json.ts";
import { type Route, type RouteAnswer, tags, type WebSocketRoute } from "../route.ts";
import { errorBody } from "../schema/error.ts";
import { type Components, createComponents } from "./components.ts";
import { describeApi } from "./describe-api.ts";
import type { Content, OpenApiDocument, OpenApiResponse, Operation, Parameter } from "./open-api.ts";

/** Makes the OpenAPI 3.1 document of these routes. An alias is a path of its own. */
export function createDocument(
  routes: Readonly<Record<string, Route | WebSocketRoute>>,
  version: string,
): OpenApiDocument {
  const components = createComponents();
  const paths: Record<string, Record<string, Operation>> = {};
  for (const [name, route] of Object.entries(routes)) {
    const add = (url: string, operationId: string): void => {
      const path = url.replace(/:(\w+)/g, "{$1}");
      paths[path] = { ...paths[path], [route.method.toLowerCase()]: describeOperation(operationId, route, components) };
    };
    add(route.url, name);
    if (route.alias !== undefined) add(route.alias, `${name}Alias`);
  }
  return {
    openapi: "3.1.1",
    info: {
      title: "workflow-engine",
      version,
      description: describeApi(),
      license: { name: "Apache License 2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/" }],
    tags: Object.entries(tags).map(([name, description]) => ({ name, description })),
    paths,
    components: {
      schemas: components.list(),
      securitySchemes: {
        apiKey: { type: "apiKey", in: "header", name: "X-API-Key" },
        bearer: { type: "http", scheme: "bearer" },
      },
    },
  };
}

/** Where a master has no authentication, none is needed. */
const byKey: Operation["security"] = [{}, { apiKey: [] }, { bearer: [] }];

function describeOperation(operationId: string, route: Route | WebSocketRoute, components: Components): Operation {
  const { url, role, tag, summary, description } = route;
  const flags = "adminFlags" in route ? (route.adminFlags ?? []) : [];
  const common = {
    operationId,
    tags: [tag],
    summary,
    ...(description === undefined ? {} : { description }),
    "x-role": role,
    ...(flags.length === 0 ? {} : { "x-admin-parameters": [...flags] }),
    security: role === "anyone" ? [{}] : byKey,
  };
  const named = [...url.matchAll(/:(\w+)/g)].map(([, name = ""]) => describePart(name));
  if ("webSocket" in route) {
    return {
      ...common,
      parameters: named,
      responses: {
        "101": {
          description: "It is opened",
          ...(route.message === null
            ? {}
            : { content: { "application/json": { schema: components.refer(route.message) } } }),
        },
        ...describeErrors(listErrors(route), components),
      },
    };
  }
  const { answer, otherAnswers = [] } = route;
  const body = describeBody(route, components);
  return {
    ...common,
    parameters: [...named, ...describeQuery(route, components), ...(route.once ? [idempotencyKey] : [])],
    ...(body === null ? {} : { requestBody: body }),
    responses: {
      ...describeErrors(listErrors(route), components),
      ...Object.fromEntries([answer, ...otherAnswers].map((each) => [each.status, describeAnswer(each, components)])),
    },
  };
}

const idempotencyKey: Parameter = {
  name: "Idempotency-Key",
  in: "header",
  required: false,
  description: "Makes a retry safe for 24 h: it is done once, and answered the same",
  schema: { type: "string", minLength: 1, maxLength: 255 },
};

function describePart(name: string): Parameter {
  return { name, in: "path", required: true, schema: { type: "string", minLength: 1, maxLength: 256 } };
}

function describeQuery({ query }: Route, components: Components): Parameter[] {
  if (query === undefined) return [];
  const { properties = {}, required = [] } = query as {
    readonly properties?: Readonly<Record<string, object>>;
    readonly required?: readonly string[];
  };
  return Object.entries(properties).map(([name, schema]) => {
    const { description, ...rest } = components.refer(schema);
    return {
      name,
      in: "query",
      required: required.includes(name),
      ...(typeof description === "string" ? { description } : {}),
      schema: rest,
    };
  });
}

function describeBody({ body, bodies, mayOmitBody }: Route, components: Components): Operation["requestBody"] | null {
  const content = bodies ?? (body === undefined ? {} : { "application/json": body });
  if (Object.keys(content).length === 0) return null;
  return {
    required: mayOmitBody !== true,
    content: Object.fromEntries(
      Object.entries(content).map(([type, schema]) => [type, { schema: components.refer(schema) }]),
    ),
  };
}

function describeAnswer({ description, type = "application/json", schema }: RouteAnswer, components: Components) {
  const content: Content = { [type]: { schema: components.refer(schema) } };
  return { description, content };
}

/** All codes that a route may answer with: its own, and those that come before its handler. */
function listErrors(route: Route | WebSocketRoute): readonly ErrorCode[] {
  const own = "errors" in route ? (route.errors ?? []) : [];
  const guarded: ErrorCode[] = route.role === "anyone" ? [] : ["unauthorized", "forbidden", "auth_required"];
  const sent: ErrorCode[] = route.method === "GET" ? [] : ["too_large", "unsupported_media_type"];
  const named: ErrorCode[] = route.url.includes(":") ? ["not_found"] : [];
  return [
    ...new Set([...own, ...guarded, ...sent, ...named, "invalid_request", "rate_limited", "internal_error"] as const),
  ];
}

function describeErrors(codes: readonly ErrorCode[], components: Components): Record<string, OpenApiResponse> {
  const byStatus = Map.groupBy(codes.toSorted(), (code) => errorTable[code].status);
  return Object.fromEntries(
    [...byStatus].map(([status, some]) => {
      const schema: JsonObject = {
        allOf: [components.refer(errorBody), { type: "object", properties: { error: { enum: some } } }],
      };
      const headers = { "Retry-After": { description: "Seconds", schema: { type: "integer" } } };
      return [
        status,
        {
          description: some.map((code) => `\`${code}\``).join(", "),
          ...(status === 429 || status === 503 ? { headers } : {}),
          content: { "application/json": { schema } },
        },
      ];
    }),
  );
}
