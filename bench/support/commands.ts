import { access, constants } from "node:fs/promises";
import { delimiter, join } from "node:path";

/** The built product's command line as the launcher starts it, run by the node that runs the benchmark. */
export function product(): string[] {
  return [process.execPath, "--max-semi-space-size=8", "--", join(import.meta.dirname, "../../dist/cli/main.js")];
}

/** The path of a command, or null where it is not installed. */
export async function findCommand(name: string): Promise<string | null> {
  for (const folder of (process.env["PATH"] ?? "").split(delimiter)) {
    const path = join(folder, name);
    try {
      await access(path, constants.X_OK);
      return path;
    } catch {
      continue;
    }
  }
  return null;
}
