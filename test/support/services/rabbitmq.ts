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
