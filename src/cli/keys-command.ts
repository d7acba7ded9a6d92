import { randomBytes } from "node:crypto";
import { hashKey, makeKey } from "../master/access/key-hash.ts";
import type { KeyRole } from "../master/access/identity.ts";
import { parseDuration } from "../quantity.ts";
import { showFields } from "./show-table.ts";
import type { Terminal } from "./terminal.ts";

export interface KeyOptions {
  readonly role: KeyRole;
  /** Default: the role. */
  readonly name?: string;
  /** How long it is taken: `90d`. Default: for ever. */
  readonly expires?: string;
  readonly json?: boolean;
}

/** `keys create`: makes a key; asks no master. Gives the exit code. */
export function createKeyCommand(options: KeyOptions, terminal: Terminal): number {
  const { role, name = role, expires } = options;
  const key = makeKey(randomBytes);
  const hash = hashKey(key);
  const lastsMs = expires === undefined ? null : parseDuration(expires);
  const expiresAt = lastsMs === null ? null : new Date(Date.now() + lastsMs).toISOString();
  if (options.json) {
    const until = expiresAt === null ? {} : { expires_at: expiresAt };
    terminal.print(`${JSON.stringify({ name, role, key, key_hash: hash, ...until }, null, 2)}\n`);
    return 0;
  }
  const until = expiresAt === null ? "" : `\n      expires_at: ${expiresAt}`;
  terminal.print(
    showFields(
      [
        ["key", key],
        ["hash", hash],
      ],
      terminal,
    ),
  );
  terminal.tell(
    `The key is shown this once: give it to who is to have it. The hash goes into the master's configuration:
auth:
  api_keys:
    - name: ${JSON.stringify(name)}
      key_hash: ${hash}
      role: ${role}${until}
`,
  );
  return 0;
}
