import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Service } from "./service.ts";

/** Mosquitto, which lets everybody in. */
export const mosquitto: Service = {
  name: "mosquitto",
  port: 1883,
  program: "mosquitto",
  folders: [],
  packages: ["mosquitto"],
  // It becomes this user by itself, and could not read the key any more.
  user: "mosquitto",
  // Without a configuration it listens on loopback only and asks nobody for a password.
  args: (_folder, port) => ["-p", `${port}`],
  tlsArgs(certificate, key, port) {
    const file = join(dirname(certificate), "tls.conf");
    const lines = [`listener ${port} 127.0.0.1`, `certfile ${certificate}`, `keyfile ${key}`, "allow_anonymous true"];
    writeFileSync(file, `${lines.join("\n")}\n`);
    return ["-c", file];
  },
};
