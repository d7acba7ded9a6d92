import { closeSync, openSync, unwatchFile, watchFile } from "node:fs";

const lookEveryMs = 2_000;

export interface ReloadWatch {
  /** Looked at every two seconds; null: none. */
  readonly file: string | null;
  /** SIGHUP came because the process's terminal was closed. */
  onHangup(): void;
}

/** Until `close` SIGHUP does not end the process. */
export interface Reloads {
  /**
   * From now on calls back when SIGHUP came or the file has changed; at once if either was so before: who starts has read
   * the file by then.
   */
  begin(onReload: () => void): void;
  close(): void;
}

/** Watches from now on: made before the configuration is read, so that no change of it is missed. */
export function watchReload({ file, onHangup }: ReloadWatch): Reloads {
  const hadTerminal = hasTerminal();
  let wasAsked = false;
  let reload: (() => void) | null = null;
  const onReload = (): void => {
    if (reload === null) wasAsked = true;
    else reload();
  };
  const handle = (): void => (hadTerminal && !hasTerminal() ? onHangup() : onReload());
  process.on("SIGHUP", handle);
  if (file !== null) watchFile(file, { interval: lookEveryMs, persistent: false }, onReload);
  return {
    begin(callBack) {
      reload = callBack;
      if (wasAsked) callBack();
    },
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
