import type { Service } from "./service.ts";

/** Mosquitto, which lets everybody in. */
export const mosquitto: Service = {
  name: "mosquitto",
  port: 1883,
  program: "mosquitto",
  folders: [],
  packages: ["mosquitto"],
  user: null,
  // Without a configuration it listens on loopback only and asks nobody for a password.
  args: (_folder, port) => ["-p", `${port}`],
};
