import { unescape } from "node:querystring";
import type { Configuration } from "../config/configuration.ts";
import type { Masker } from "../protocol/ports.ts";
import { createMasker } from "../run/masker.ts";
import { keepSecrets } from "./secret-memory.ts";

/** Fields of a connection whose value is hidden. */
const secretField = /pass|secret|token|key|dsn|ur[il]|credential/i;

/**
 * Hides the keys and the credentials of a configuration, and what was read from files it names, in texts; what this
 * process says of its own faults hides them too.
 */
export function createConfigurationMasker(
  { auth, slave, connections, master }: Configuration,
  read: readonly (string | null)[] = [],
): Masker {
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
  return createMasker(Object.fromEntries(secrets.map((secret, index) => [String(index), secret])));
}
