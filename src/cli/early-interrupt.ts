import type { Terminal } from "./terminal.ts";

/** Ctrl-C while the answer to a submit is awaited: the execution may run already, and only the answer has its id. */
export interface EarlyInterrupt {
  /** It was pressed. */
  readonly came: boolean;
  /** Takes a press of it: the first waits for the answer, the second leaves. */
  note(times: number): void;
  /** The answer is here, or there will be none; idempotent. */
  close(): void;
}

export interface EarlyInterruptOptions {
  readonly master: string;
  readonly terminal: Terminal;
  readonly quiet: boolean;
  /** Ends the process: nobody waits any longer. */
  leave(): void;
}

/** An answer takes no longer than this, or the master is lost. */
const answerMs = 10_000;

/** Begins with the submit. */
export function createEarlyInterrupt({ master, terminal, quiet, leave }: EarlyInterruptOptions): EarlyInterrupt {
  let came = false;
  let timer: NodeJS.Timeout | undefined;
  const giveUp = (): void => {
    clearTimeout(timer);
    terminal.tell(`${master} has not answered: the execution may run; look with: workflow-engine executions list\n`);
    leave();
  };
  return {
    get came() {
      return came;
    },
    note(times) {
      came = true;
      if (times > 1) return giveUp();
      if (!quiet) terminal.tell("waiting for the master's answer; press Ctrl-C again to leave without it\n");
      timer = setTimeout(giveUp, answerMs);
    },
    close: () => clearTimeout(timer),
  };
}
