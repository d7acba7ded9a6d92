import type { Log } from "../protocol/ports.ts";
import { hideSecrets } from "./secret-memory.ts";

let log: Log | null = null;

/** Where the insides of faults go from now on: with `debug`, for who repairs them. */
export function keepFaultsIn(next: Log): void {
  log = next;
}

/** Notes the stack of a fault, and of what caused it, without the secrets that this process knows. */
export function noteFault(fault: unknown): void {
  if (log === null) return;
  const stacks: string[] = [];
  for (let each = fault; each instanceof Error && stacks.length < 10; each = each.cause) {
    stacks.push(each.stack ?? each.message);
  }
  log("debug", `a fault: ${hideSecrets(stacks.join("\ncaused by ") || String(fault))}`);
}
