import type { Service } from "./service.ts";

/** NATS with JetStream, without accounts. */
export const nats: Service = {
  name: "nats",
  port: 4222,
  program: "nats-server",
  folders: [],
  packages: ["nats-server"],
  user: null,
  args: (folder, port) => ["-a", "127.0.0.1", "-p", `${port}`, "-js", "-sd", folder],
  tlsArgs: (certificate, key) => ["--tls", "--tlscert", certificate, "--tlskey", key],
};
