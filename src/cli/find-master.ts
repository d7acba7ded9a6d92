import { Client } from "../client/client.ts";
import { printJson } from "../protocol/print-json.ts";
import { type ConnectionOptions, readConnection } from "./connection-options.ts";
import { printError, tellError } from "./tell-error.ts";
import type { Terminal } from "./terminal.ts";

type NamedMaster = ConnectionOptions & { readonly master?: string };

/**
 * A client of the master that is named: by the option, else WE_MASTER_URL, else on this machine. Says when it sends
 * something again. Throws EngineError `invalid_usage`, `unreadable_file`.
 */
export function findMaster(options: NamedMaster, terminal: Terminal): Client {
  return new Client({
    ...readConnection(options, process.env),
    master: options.master ?? (process.env.WE_MASTER_URL || undefined),
    onRetry: ({ message }) => terminal.tell(`the answer was lost: ${message}; trying again for 5 minutes\n`),
  });
}

/** Asks the master and shows its answer, as JSON where that is asked for; gives the exit code. Nothing is thrown. */
export async function askMaster<Answer>(
  options: NamedMaster & { readonly json?: boolean },
  terminal: Terminal,
  ask: (client: Client) => Promise<Answer>,
  show: (answer: Answer) => string,
): Promise<number> {
  try {
    const answer = await ask(findMaster(options, terminal));
    terminal.print(options.json ? `${indentJson(answer)}\n` : show(answer));
    return 0;
  } catch (error) {
    return options.json ? printError(terminal, error) : tellError(terminal, error, "");
  }
}

function indentJson(value: unknown): string {
  return JSON.stringify(JSON.parse(printJson(value)), null, 2);
}
