/** What a slave may announce. */
export const knownCapabilities = [
  "http_executor",
  "script_executor",
  "db_executor",
  "mq_executor",
  "socket_executor",
  "grpc_executor",
] as const;
