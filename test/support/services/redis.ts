import type { Service } from "./service.ts";

/** Redis without a password. */
export const redis: Service = {
  name: "redis",
  port: 6379,
  program: "redis-server",
  folders: [],
  packages: ["redis-server"],
  user: null,
  args: (folder, port) => ["--port", `${port}`, "--bind", "127.0.0.1", "--save", "", "--dir", folder],
  tlsArgs: (certificate, key, port) => [
    "--port",
    "0",
    "--tls-port",
    `${port}`,
    "--tls-auth-clients",
    "no",
    "--tls-cert-file",
    certificate,
    "--tls-key-file",
    key,
    "--tls-ca-cert-file",
    certificate,
  ],
};
