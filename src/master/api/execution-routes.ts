import type { FastifyInstance } from "fastify";
import { EngineError } from "../../errors.ts";
import { type ExecutionStatus, executionStatuses } from "../../protocol/rest.ts";
import type { Executions } from "../executions.ts";
import { checkQuery } from "./check-value.ts";
import { findExecution } from "./find-execution.ts";
import { readTimeSeriesQuery, type TimeSeriesParameters, timeSeriesSchema } from "./time-series-query.ts";

interface ById {
  readonly Params: { readonly id: string };
}

interface ListQuery {
  readonly status?: ExecutionStatus;
  readonly workflow_id?: string;
  readonly limit?: number;
  readonly offset?: number;
}

const checkList = checkQuery<ListQuery>({
  type: "object",
  additionalProperties: false,
  properties: {
    status: { type: "string", enum: executionStatuses },
    workflow_id: { type: "string", maxLength: 64 },
    limit: { type: "integer", minimum: 1, maximum: 500 },
    offset: { type: "integer", minimum: 0, maximum: 1_000_000_000 },
  },
});
const checkTimeSeries = checkQuery<TimeSeriesParameters>(timeSeriesSchema);
const checkNothing = checkQuery<object>({ type: "object", additionalProperties: false, properties: {} });

/** What may be read of executions: list, state, metrics, time series, report, logs. */
export function addExecutionRoutes(server: FastifyInstance, executions: Executions): void {
  const find = <Found>(id: string, read: (id: string) => Promise<Found | null>) => findExecution(executions, id, read);

  server.get("/api/v1/executions", (request) => {
    const { status, workflow_id: workflowId, limit = 50, offset = 0 } = checkList(request.query);
    return executions.list({ status, workflowId, limit, offset });
  });

  server.get<ById>("/api/v1/executions/:id", ({ params, query }) => {
    checkNothing(query);
    return find(params.id, (id) => executions.describe(id));
  });

  server.get<ById>("/api/v1/executions/:id/metrics", ({ params, query }) => {
    checkNothing(query);
    return find(params.id, (id) => executions.metrics(id));
  });

  server.get<ById>("/api/v1/executions/:id/report", ({ params, query }) => {
    checkNothing(query);
    return find(params.id, (id) => executions.report(id));
  });

  server.get<ById>("/api/v1/executions/:id/logs", ({ params, query }) => {
    checkNothing(query);
    return find(params.id, (id) => executions.logs(id));
  });

  server.get<ById>("/api/v1/executions/:id/timeseries", async ({ params, query }) => {
    const parameters = checkTimeSeries(query);
    const { start_time: start } = await find(params.id, (id) => executions.describe(id));
    const asked = readTimeSeriesQuery(parameters, start === null ? null : Date.parse(start));
    return find(params.id, (id) => executions.timeSeries(id, asked));
  });

  for (const path of ["ws", "metrics/stream"]) {
    server.get(`/api/v1/executions/:id/${path}`, () => {
      throw new EngineError("invalid_request", "this is a WebSocket; connect to it as one (ws://)");
    });
  }
}
