import { askSlave } from "../client/ask-slave.ts";
import type { ListenAddress } from "../config/listen-address.ts";
import { formatBytes, formatDuration, formatPercent } from "../quantity.ts";
import { defaultSlavePort } from "./slave-options.ts";
import { printError, tellError } from "./tell-error.ts";
import type { Terminal } from "./terminal.ts";

export interface SlaveStatusOptions {
  readonly address?: ListenAddress;
  readonly json?: boolean;
}

/** `slave status`: asks the live process; 1 when nobody answers. */
export async function slaveStatusCommand(options: SlaveStatusOptions, terminal: Terminal): Promise<number> {
  const host = options.address?.host ?? "localhost";
  const url = `http://${host.includes(":") ? `[${host}]` : host}:${options.address?.port ?? defaultSlavePort}/status`;
  try {
    const status = await askSlave(url);
    terminal.print(options.json ? `${JSON.stringify(status, null, 2)}\n` : describe(status));
    return 0;
  } catch (error) {
    return options.json ? printError(terminal, error) : tellError(terminal, error, "");
  }
}

function describe(status: Readonly<Record<string, unknown>>): string {
  const executions = Array.isArray(status.executions) ? (status.executions as Record<string, unknown>[]) : [];
  const rows: readonly (readonly [string, string])[] = [
    ["slave", `${show(status.id)} (${show(status.type)}, ${show(status.version)})`],
    ["master", status.connected === true ? show(status.master) : "not connected"],
    ["state", status.draining === true ? "draining" : status.connected === true ? "online" : "offline"],
    ["VUs", `${show(status.active_vus)} of ${status.max_vus === null ? "any number" : show(status.max_vus)}`],
    ["capabilities", list(status.capabilities)],
    ["labels", pairs(status.labels)],
    ["cpu", formatPercent(Number(status.cpu))],
    ["memory", formatBytes(Number(status.memory))],
    ...executions.map((execution): readonly [string, string] => [
      "execution",
      `${show(execution.id)} ${show(execution.phase)}, ${show(execution.active_vus)} VUs, lease ${formatDuration(Number(execution.lease_left_ms))}`,
    ]),
  ];
  return rows.map(([name, text]) => `${name.padEnd(14)}${text}\n`).join("");
}

function show(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "");
}

function list(value: unknown): string {
  return Array.isArray(value) && value.length > 0 ? value.map(show).join(", ") : "none";
}

function pairs(value: unknown): string {
  const entries = typeof value === "object" && value !== null ? Object.entries(value) : [];
  return entries.length === 0 ? "none" : entries.map(([key, item]) => `${key}=${show(item)}`).join(", ");
}
