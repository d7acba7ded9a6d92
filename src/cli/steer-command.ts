import type { PauseOptions, ScaleOptions, StopOptions } from "./execution-options.ts";
import { askMaster } from "./find-master.ts";
import type { Terminal } from "./terminal.ts";

/** `executions pause ID` and `resume ID`; gives the exit code, as all below. */
export function steerExecution(
  command: "pause" | "resume",
  id: string,
  options: PauseOptions,
  terminal: Terminal,
): Promise<number> {
  const { scenario } = options;
  return askMaster(
    options,
    terminal,
    (client) => client[command](id, { scenario }),
    ({ status }) => (scenario === undefined ? `${id}: ${status}\n` : `${id}: ${scenario} ${command}d\n`),
  );
}

/** `executions scale ID N`. */
export function scaleExecution(id: string, target: number, options: ScaleOptions, terminal: Terminal): Promise<number> {
  const { over, scenario, rate = false } = options;
  const body = { ...(rate ? { target_rate: target } : { target_vus: target }), over, scenario };
  return askMaster(
    options,
    terminal,
    (client) => client.scale(id, body),
    (answer) => (rate ? `${id}: rate ${answer.target_rate}\n` : `${id}: ${answer.target_vus} VUs\n`),
  );
}

/** `executions stop ID`. */
export function stopExecution(id: string, options: StopOptions, terminal: Terminal): Promise<number> {
  const { grace, force } = options;
  return askMaster(
    options,
    terminal,
    async (client) => {
      await client.stop(id, { grace, force });
      const { status, phase } = await client.getExecution(id);
      return { success: true, status, phase };
    },
    ({ status, phase }) => `${id}: ${phase === "done" ? status : phase}\n`,
  );
}
