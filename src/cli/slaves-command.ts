import type { Slave } from "../protocol/rest.ts";
import { showBytes, showCount, showDuration, showShare } from "../report/text/people.ts";
import { askMaster } from "./find-master.ts";
import type { MasterOptions } from "./master-options.ts";
import { showFields, showTable, showTime } from "./show-table.ts";
import type { Terminal } from "./terminal.ts";

/** `slaves list`; gives the exit code, as all below. */
export function listSlaves(options: MasterOptions, terminal: Terminal): Promise<number> {
  return askMaster(
    options,
    terminal,
    (client) => client.listSlaves(),
    ({ slaves }) => {
      if (slaves.length === 0) return "no slaves\n";
      const rows = slaves.map((slave) => [
        slave.id,
        slave.status.state,
        describeVus(slave),
        showCount(slave.status.active_tasks),
        showShare(slave.status.cpu),
        showBytes(slave.status.memory),
        describeLabels(slave),
        slave.address || "–",
      ]);
      return showTable(["ID", "STATE", "-VUS", "-TASKS", "-CPU", "-MEMORY", "LABELS", "ADDRESS"], rows, terminal);
    },
  );
}

/** `slaves get ID`. */
export function getSlave(id: string, options: MasterOptions, terminal: Terminal): Promise<number> {
  return askMaster(
    options,
    terminal,
    (client) => client.getSlave(id),
    (slave) =>
      showFields(
        [
          ["id", slave.id],
          ["state", slave.status.state],
          ["type", slave.type],
          ["version", slave.version],
          ["address", slave.address || "–"],
          ["VUs", describeVus(slave)],
          ["executions", showCount(slave.status.active_tasks)],
          ["load", showShare(slave.status.load)],
          ["CPU", showShare(slave.status.cpu)],
          ["memory", showBytes(slave.status.memory)],
          ["event loop lag", showDuration(slave.status.event_loop_lag_ms)],
          ["labels", describeLabels(slave)],
          ["capabilities", slave.capabilities.join(", ")],
          ["last seen", showTime(slave.status.last_seen)],
        ],
        terminal,
      ),
  );
}

/** `slaves drain ID` and `undrain ID`. */
export function drainSlave(
  command: "drain" | "undrain",
  id: string,
  options: MasterOptions,
  terminal: Terminal,
): Promise<number> {
  return askMaster(
    options,
    terminal,
    (client) => client[command](id),
    ({ state }) => `${id}: ${state}\n`,
  );
}

function describeVus({ max_vus: most, status }: Slave): string {
  return `${showCount(status.active_vus)}/${most === null ? "∞" : showCount(most)}`;
}

function describeLabels({ labels }: Slave): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}=${value}`);
  return pairs.length === 0 ? "–" : pairs.toSorted().join(",");
}
