import type { Execution } from "../protocol/rest.ts";
import { showCount, showDuration, showNumber, showShare } from "../report/text/people.ts";
import type { ExecutionListOptions, ReportOptions } from "./execution-options.ts";
import { askMaster, findMaster } from "./find-master.ts";
import { finishReport, listOutputs } from "./finish-report.ts";
import type { MasterOptions } from "./master-options.ts";
import { showFields, showTable, showTime } from "./show-table.ts";
import { printError, tellError } from "./tell-error.ts";
import type { Terminal } from "./terminal.ts";

/** `executions list`; gives the exit code, as all below. */
export function listExecutions(options: ExecutionListOptions, terminal: Terminal): Promise<number> {
  const { status, workflow, limit, offset } = options;
  return askMaster(
    options,
    terminal,
    (client) => client.listExecutions({ status, workflowId: workflow, limit, offset }),
    ({ executions, total }) => {
      if (executions.length === 0) return "no executions\n";
      const rows = executions.map((execution) => [
        execution.id,
        execution.workflow_name,
        describeStatus(execution),
        `${showCount(execution.active_vus)}/${showCount(execution.target_vus)}`,
        showDuration(execution.duration_ms),
        showTime(execution.created_at),
      ]);
      const more = total > executions.length ? `${showCount(executions.length)} of ${showCount(total)}\n` : "";
      return showTable(["ID", "WORKFLOW", "STATUS", "-VUS", "-DURATION", "CREATED"], rows, terminal) + more;
    },
  );
}

/** `executions get ID`. */
export function getExecution(id: string, options: MasterOptions, terminal: Terminal): Promise<number> {
  return askMaster(
    options,
    terminal,
    (client) => client.getExecution(id),
    (execution) => describeExecution(execution, terminal),
  );
}

/** `executions metrics ID`. */
export function showMetrics(id: string, options: MasterOptions, terminal: Terminal): Promise<number> {
  return askMaster(
    options,
    terminal,
    (client) => client.getMetrics(id),
    ({ metrics }) => {
      const rows = Object.entries(metrics).map(([name, { values }]) => [
        name,
        Object.entries(values)
          .map(([key, value]) => `${key}=${showNumber(value)}`)
          .join("  "),
      ]);
      return rows.length === 0 ? "nothing was measured yet\n" : showTable(["METRIC", "VALUES"], rows, terminal);
    },
  );
}

/** `executions report ID`: as `submit` ends, but for the exit code: the report was there. */
export async function showReport(id: string, options: ReportOptions, terminal: Terminal): Promise<number> {
  try {
    const outputs = listOutputs(options);
    const report = await findMaster(options, terminal).getReport(id);
    await finishReport(report, outputs, options, terminal);
    return 0;
  } catch (error) {
    return options.json ? printError(terminal, error) : tellError(terminal, error, "");
  }
}

function describeStatus({ status, phase, passed, degraded, reason }: Execution): string {
  const ended = passed === true && status !== "aborted" ? "passed" : (reason ?? "not passed");
  const verdict = passed === null ? (phase === status ? "" : phase) : ended;
  const words = [verdict === status ? "" : verdict, degraded ? "degraded" : ""].filter((word) => word !== "");
  return words.length === 0 ? status : `${status} (${words.join(", ")})`;
}

function describeExecution(execution: Execution, terminal: Terminal): string {
  const { progress, thresholds, errors, events, outputs } = execution;
  const fields = showFields(
    [
      ["id", execution.id],
      ["workflow", `${execution.workflow_name} (${execution.workflow_id})`],
      ["status", describeStatus(execution)],
      ...(execution.paused_scenarios.length === 0
        ? []
        : [["paused scenarios", execution.paused_scenarios.join(", ")] as const]),
      ["mode", execution.mode],
      ["progress", showShare(progress)],
      ["VUs", `${showCount(execution.active_vus)} of ${showCount(execution.target_vus)}`],
      ["created", showTime(execution.created_at)],
      ["started", showTime(execution.start_time)],
      ["ended", showTime(execution.end_time)],
      ["duration", `${showDuration(execution.duration_ms)}, paused ${showDuration(execution.paused_ms)}`],
    ],
    terminal,
  );
  const slaves = Object.values(execution.slave_states).map(({ slave_id, status, vus, iterations }) => [
    slave_id,
    status,
    showCount(vus),
    showCount(iterations),
  ]);
  const tables = [
    slaves.length === 0 ? "" : showTable(["SLAVE", "STATE", "-VUS", "-ITERATIONS"], slaves, terminal),
    thresholds.length === 0
      ? ""
      : showTable(
          ["THRESHOLD", "CONDITION", "-VALUE", "PASSED"],
          thresholds.map(({ metric, condition, value, passed }) => [
            metric,
            condition,
            showNumber(value),
            passed === null ? "–" : passed ? "yes" : "no",
          ]),
          terminal,
        ),
    errors.length === 0
      ? ""
      : showTable(
          ["ERROR", "STEP", "-COUNT", "MESSAGE"],
          errors.map(({ code, step_id, count, message }) => [code, step_id, showCount(count), message]),
          terminal,
        ),
    outputs.length === 0
      ? ""
      : showTable(
          ["OUTPUT", "TARGET", "-SENT", "-WAITING", "-DROPPED", "-RETRIES", "LAST ERROR"],
          outputs.map(({ type, target, sent, waiting, dropped, retries, failing, last_error }) => [
            type,
            target,
            showCount(sent),
            showCount(waiting),
            showCount(dropped),
            showCount(retries),
            last_error === null ? "–" : `${last_error}${failing ? "" : " (over)"}`,
          ]),
          terminal,
        ),
    events.length === 0
      ? ""
      : showTable(
          ["TIME", "EVENT", "MESSAGE"],
          events.map(({ time, type, message }) => [showTime(time), type, message]),
          terminal,
        ),
  ];
  return [fields, ...tables].filter((text) => text !== "").join("\n");
}
