import { globSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Service } from "./service.ts";

/** RabbitMQ with its guest account; on its standard port alone, its files lie where Debian has them. */
export const rabbitmq: Service = {
  name: "rabbitmq",
  port: 5672,
  program: "rabbitmq-server",
  folders: [],
  packages: ["rabbitmq-server"],
  user: "rabbitmq",
  args: () => [],
};

/** A node of a test's own, without Debian's wrapper, which knows one folder and leaves its child alone when it is killed. */
export const privateRabbitmq: Service = {
  ...rabbitmq,
  get folders() {
    return globSync("/usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin/rabbitmq-server").map((path) => dirname(path));
  },
  // The variable below makes the script become the server; this keeps it from the terminal.
  args: () => ["-noinput"],
  env: (folder, port) => ({
    HOME: folder,
    RABBITMQ_ALLOW_INPUT: "1",
    RABBITMQ_NODENAME: `we-${port}@localhost`,
    RABBITMQ_NODE_IP_ADDRESS: "127.0.0.1",
    RABBITMQ_NODE_PORT: `${port}`,
    // Out of the ranges that free and steady ports come from.
    RABBITMQ_DIST_PORT: `${28_000 + (port % 4_000)}`,
    RABBITMQ_MNESIA_BASE: folder,
    RABBITMQ_LOG_BASE: folder,
    RABBITMQ_CONFIG_FILE: join(folder, "rabbitmq"),
    RABBITMQ_CONF_ENV_FILE: join(folder, "rabbitmq-env.conf"),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, "plugins"),
    RABBITMQ_PID_FILE: join(folder, "pid"),
    ERL_EPMD_ADDRESS: "127.0.0.1",
  }),
  tlsArgs(certificate, key, port) {
    const settings = {
      tcp_listeners: "[]",
      ssl_listeners: `[{"127.0.0.1",${port}}]`,
      ssl_options: `[{certfile,"${certificate}"},{keyfile,"${key}"}]`,
    };
    return Object.entries(settings).flatMap(([name, value]) => ["-rabbit", name, value]);
  },
};
