import { showCount, showDuration } from "../report/text/people.ts";
import type { ConnectionOptions } from "./connection-options.ts";
import { askMaster } from "./find-master.ts";
import { showFields } from "./show-table.ts";
import type { Terminal } from "./terminal.ts";

export interface MasterStatusOptions extends ConnectionOptions {
  readonly address?: string;
  readonly json?: boolean;
}

/** `master status`: asks the live process; 1 when nobody answers. */
export function masterStatusCommand(options: MasterStatusOptions, terminal: Terminal): Promise<number> {
  return askMaster(
    { ...options, master: options.address },
    terminal,
    (client) => client.getMaster(),
    (status) => {
      const slaves = Object.entries(status.slaves).map(([state, count]) => `${showCount(count)} ${state}`);
      const fields = showFields(
        [
          ["master", status.id],
          ["version", status.version],
          ["state", status.ready ? "ready" : "not ready: unfinished executions are being taken up"],
          ["up", showDuration(status.uptime_ms)],
          ["store", status.store],
          [
            "executions",
            `${showCount(status.executions.active)} active of ${showCount(status.max_executions)}, ${showCount(status.executions.pending)} pending`,
          ],
          ["slaves", slaves.join(", ")],
        ],
        terminal,
      );
      const { colors } = terminal.out;
      return fields + status.warnings.map((warning) => `${colors.yellow("warning:")} ${warning}\n`).join("");
    },
  );
}
