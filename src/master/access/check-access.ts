import { createKeyRing } from "./key-ring.ts";
import { readServerTls } from "./listener-tls.ts";
import type { AccessSettings } from "./settings.ts";

/** Throws EngineError `invalid_config` for keys and certificates that a master could not be started with. */
export function checkAccess({ keys, tls }: AccessSettings): void {
  if (keys !== null) createKeyRing(keys, () => 0);
  if (tls !== null) readServerTls(tls);
}
