import { listKeys } from "./list-keys.ts";

/** Variables that clients of a master read too, and the key each stands for on a slave. */
export const clientVariables = { WE_MASTER_URL: "slave.master_addr", WE_API_KEY: "slave.api_key" } as const;

/** Every `WE_…` name there is. */
export function listVariables(): readonly string[] {
  return [...listKeys().map(({ variable }) => variable), ...Object.keys(clientVariables)];
}
