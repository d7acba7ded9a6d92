import type { FastifyInstance } from "fastify";
import { Type } from "./schema/type.ts";
import { executionStatuses } from "../../protocol/rest.ts";
import type { Executions } from "../executions.ts";
import { findExecution } from "./find-execution.ts";
import { declareRoute } from "./route.ts";
import { execution, executionList, logList, metrics } from "./schema/execution.ts";
import { report } from "./schema/report.ts";
import { timeSeries } from "./schema/report-parts.ts";
import { exactly, oneOf } from "./schema/schema.ts";
import { serveRoutes } from "./serve-routes.ts";
import { readTimeSeriesQuery, timeSeriesQuery } from "./time-series-query.ts";

export const executionRoutes = {
  listExecutions: declareRoute({
    method: "GET",
    url: "/api/v1/executions",
    role: "viewer",
    tag: "Executions",
    summary: "Lists executions, newest first",
    query: exactly({
      status: Type.Optional(oneOf(executionStatuses)),
      workflow_id: Type.Optional(Type.String({ maxLength: 64 })),
      limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, default: 50 })),
      offset: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000_000_000, default: 0 })),
    }),
    answer: { status: 200, description: "A page of them", schema: executionList },
  }),
  getExecution: declareRoute({
    method: "GET",
    url: "/api/v1/executions/:id",
    role: "viewer",
    tag: "Executions",
    summary: "Shows an execution",
    description: "`latest` is the newest execution's id, here and below.",
    answer: { status: 200, description: "The execution", schema: execution },
    errors: ["not_found", "not_ready"],
  }),
  getMetrics: declareRoute({
    method: "GET",
    url: "/api/v1/executions/:id/metrics",
    role: "viewer",
    tag: "Executions",
    summary: "Shows the metrics so far, of the whole cluster",
    answer: { status: 200, description: "From merged histograms", schema: metrics },
    errors: ["not_found", "not_ready"],
  }),
  getReport: declareRoute({
    method: "GET",
    url: "/api/v1/executions/:id/report",
    role: "viewer",
    tag: "Executions",
    summary: "Shows the report of an ended execution",
    answer: { status: 200, description: "The report", schema: report },
    errors: ["not_found", "conflict", "not_ready"],
  }),
  getLogs: declareRoute({
    method: "GET",
    url: "/api/v1/executions/:id/logs",
    role: "viewer",
    tag: "Executions",
    summary: "Shows the log lines of an execution",
    answer: { status: 200, description: "Oldest first", schema: logList },
    errors: ["not_found", "not_ready"],
  }),
  getTimeSeries: declareRoute({
    method: "GET",
    url: "/api/v1/executions/:id/timeseries",
    role: "viewer",
    tag: "Executions",
    summary: "Shows how an execution went over time",
    description: "One second's resolution for the last hour, then 10 s, widths doubling.",
    query: timeSeriesQuery,
    answer: { status: 200, description: "Points of one width", schema: timeSeries },
    errors: ["not_found", "not_ready"],
  }),
};

/** What may be read of executions: list, state, metrics, time series, report, logs. */
export function serveExecutions(server: FastifyInstance, executions: Executions): void {
  const find = <Found>(id: string, read: (id: string) => Promise<Found | null>) => findExecution(executions, id, read);
  serveRoutes(server, executionRoutes, {
    listExecutions: ({ query }) => {
      const { status, workflow_id: workflowId, limit = 50, offset = 0 } = query;
      return executions.list({ status, workflowId, limit, offset });
    },
    getExecution: ({ params }) => find(params.id, (id) => executions.describe(id)),
    getMetrics: ({ params }) => find(params.id, (id) => executions.metrics(id)),
    getReport: ({ params }) => find(params.id, (id) => executions.report(id)),
    getLogs: ({ params }) => find(params.id, (id) => executions.logs(id)),
    getTimeSeries: async ({ params, query }) => {
      const asked = readTimeSeriesQuery(query, await find(params.id, (id) => executions.describe(id)));
      return find(params.id, (id) => executions.timeSeries(id, asked));
    },
  });
}
