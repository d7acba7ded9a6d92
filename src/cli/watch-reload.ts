import { closeSync, openSync, unwatchFile, watchFile } from "node:fs";

const lookEveryMs = 2_000;

export interface ReloadWatch {
  /** Looked at every two seconds; null: none. */
  readonly file: string | null;
  /** SIGHUP came, or the file has changed. */
  onReload(): void;
  /** SIGHUP came because the process's terminal was closed. */
  onHangup(): void;
}

/** Calls back until `close`; SIGHUP no longer ends the process. */
export function watchReload({ file, onReload, onHangup }: ReloadWatch): { close(): void } {
  const hadTerminal = hasTerminal();
  const handle = (): void => (hadTerminal && !hasTerminal() ? onHangup() : onReload());
  process.on("SIGHUP", handle);
  if (file !== null) watchFile(file, { interval: lookEveryMs, persistent: false }, onReload);
  return {
    close() {
      process.off("SIGHUP", handle);
      if (file !== null) unwatchFile(file, onReload);
    },
  };
}

/** A terminal that was closed cannot be opened any more. */
function hasTerminal(): boolean {
  try {
    closeSync(openSync("/dev/tty", "r"));
    return true;
  } catch {
    return false;
  }
}
