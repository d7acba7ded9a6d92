import type { Client } from "../client/client.ts";
import { tellError } from "./tell-error.ts";
import type { Terminal } from "./terminal.ts";

/** A stop that was asked for. */
export interface Stopping {
  /** The master is back: asks again if it did not hear. */
  repeat(): void;
}

/** Asks for a stop; what goes wrong is told. `force`: running iterations are cut off. */
export function startStopping(client: Client, id: string, force: boolean, terminal: Terminal): Stopping {
  let heard = false;
  const ask = async (): Promise<void> => {
    try {
      await client.stop(id, { reason: "stopped_by_signal", force: force || undefined });
      heard = true;
    } catch (error) {
      tellError(terminal, error, "");
    }
  };
  const asked = ask();
  const askAgain = async (): Promise<void> => {
    await asked;
    if (heard) return;
    try {
      // The answer alone may have been lost; a second stop would cut running iterations off.
      const { phase } = await client.getExecution(id);
      if (force || phase !== "stopping") await ask();
    } catch (error) {
      tellError(terminal, error, "");
    }
  };
  return { repeat: () => void askAgain() };
}
