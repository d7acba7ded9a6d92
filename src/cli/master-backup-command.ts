import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { showBytes } from "../report/text/people.ts";
import type { ConnectionOptions } from "./connection-options.ts";
import { askMaster } from "./find-master.ts";
import { receiveFile } from "./receive-file.ts";
import type { Terminal } from "./terminal.ts";

export interface MasterBackupOptions extends ConnectionOptions {
  readonly out: string;
  readonly address?: string;
  readonly json?: boolean;
}

/** `master backup`: writes a copy of the master's store into a file, whole or not at all; gives the exit code. */
export function masterBackupCommand({ out, ...options }: MasterBackupOptions, terminal: Terminal): Promise<number> {
  const path = resolve(out);
  return askMaster(
    { ...options, master: options.address },
    terminal,
    async (client) => {
      await receiveFile(path, 0o600, (into) => client.backUp(into));
      const { size } = await stat(path);
      return { file: path, size };
    },
    ({ file, size }) => `${file}: ${showBytes(size)}\n`,
  );
}
