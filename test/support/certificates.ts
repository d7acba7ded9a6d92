import { fileURLToPath } from "node:url";

const file = (name: string): string => fileURLToPath(new URL(`./tls/${name}.pem`, import.meta.url));
const pair = (name: string) => ({ cert: file(`${name}.cert`), key: file(`${name}.key`) });

/** PEM files: of an authority, a server on this machine, and clients; all but `expired` are good until 2124. */
export const certificates = {
  authority: file("authority.cert"),
  /** Signed by itself. */
  localhost: file("localhost.cert"),
  server: pair("server"),
  /** Its name is `slave-1`. */
  slave: pair("slave"),
  expired: pair("expired"),
  /** Of another authority. */
  stranger: pair("stranger"),
} as const;
