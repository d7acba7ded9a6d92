import { unescape } from "node:querystring";
import type { Configuration } from "../config/configuration.ts";
import { keepSecrets } from "./secret-memory.ts";

/** Fields of a connection whose value is hidden. */
const secretField = /pass|secret|token|key|dsn|ur[il]|credential/i;

/**
 * From now on the log, and what this process says of its own faults, hide the keys and the credentials of this
 * configuration too, and what was read from files it names.
 */
export function keepConfigurationSecrets(
  { auth, slave, connections, master }: Configuration,
  read: readonly (string | null)[] = [],
): void {
  const secrets = read.filter((secret) => secret !== null);
  for (const { key } of auth.apiKeys) if (key !== null) secrets.push(key);
  if (slave.apiKey !== null) secrets.push(slave.apiKey);
  const password = master.store === null ? "" : (URL.parse(master.store)?.password ?? "");
  secrets.push(password, unescape(password));
  for (const connection of Object.values(connections)) {
    for (const [field, value] of Object.entries(connection)) {
      if (secretField.test(field) && typeof value === "string") secrets.push(value);
    }
  }
  keepSecrets(secrets);
}
