import type { JsonObject } from "../protocol/json.ts";

/** What holds where file, environment and flags say nothing; what is absent has no default or one that is found at the start. */
export const defaults = {
  server: {
    address: ":8080",
    read_timeout: "30s",
    write_timeout: "30s",
    enable_cors: true,
    hosts: [],
    cors_origins: [],
    max_body: "10MiB",
    max_upload: "256MiB",
    rate_limit: 1_000,
  },
  master: {
    heartbeat_interval: "5s",
    heartbeat_timeout: "30s",
    task_queue_size: 1_000,
    max_slaves: 100,
    max_executions: 100,
    outputs: { allow: [], deny: [] },
    retention: { max_age: "30d", max_executions: 1_000 },
  },
  slave: {
    type: "worker",
    threads: "auto",
    capabilities: ["http_executor", "script_executor"],
    labels: {},
    master_addr: "http://localhost:8080",
    expose_env: [],
    local_ips: [],
    targets: { allow: [], deny: [] },
  },
  connections: {},
  logging: { level: "info", output: "stdout" },
  auth: { required: false, api_keys: [] },
  tls: { client_auth: "none" },
  access: { allow: [], deny: [] },
} as const satisfies JsonObject;
