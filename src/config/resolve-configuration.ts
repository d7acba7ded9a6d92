import { asTexts } from "../protocol/json-values.ts";
import type { LogLevel } from "../protocol/ports.ts";
import { formatDuration } from "../quantity.ts";
import type {
  Configuration,
  LoggingConfiguration,
  MasterConfiguration,
  ServerConfiguration,
  SlaveConfiguration,
  TlsConfiguration,
} from "./configuration.ts";
import { checkNetworks, checkOrigins, checkSpans, checkTargets, readAddress } from "./check-addresses.ts";
import type { GivenValues } from "./given-values.ts";
import type { Environment } from "./read-environment.ts";
import { resolveAuth } from "./resolve-auth.ts";
import { fillFromEnvironment, readNamedVariable } from "./resolve-secrets.ts";

/** What the values are judged by. */
interface Surroundings {
  readonly environment: Environment;
  readonly maxThreads: number;
}

const leastTimeoutMs = 2_000;
const leastIntervalMs = 100;

/** The whole configuration; what is impossible in it is reported. */
export function resolveConfiguration(values: GivenValues, surroundings: Surroundings): Configuration {
  return {
    server: resolveServer(values),
    master: resolveMaster(values),
    slave: resolveSlave(values, surroundings),
    connections: fillFromEnvironment(values, surroundings.environment),
    logging: resolveLogging(values),
    auth: resolveAuth(values, surroundings.environment),
    tls: resolveTls(values),
    access: { allow: checkNetworks(values, "access.allow"), deny: checkNetworks(values, "access.deny") },
  };
}

function resolveServer(values: GivenValues): ServerConfiguration {
  return {
    address: readAddress(values, "server.address") ?? { host: null, port: 0 },
    readTimeoutMs: values.ms("server.read_timeout"),
    writeTimeoutMs: values.ms("server.write_timeout"),
    enableCors: values.flag("server.enable_cors"),
    hosts: values.texts("server.hosts"),
    corsOrigins: checkOrigins(values, "server.cors_origins"),
    maxBody: values.bytes("server.max_body"),
    maxUpload: values.bytes("server.max_upload"),
    rateLimit: values.number("server.rate_limit"),
  };
}

function resolveMaster(values: GivenValues): MasterConfiguration {
  const timeoutMs = values.ms("master.heartbeat_timeout");
  const intervalMs = values.ms("master.heartbeat_interval");
  if (timeoutMs < leastTimeoutMs) {
    values.report("master.heartbeat_timeout", `${formatDuration(timeoutMs)} is too short; it takes at least 2s`);
  }
  if (intervalMs < leastIntervalMs) {
    values.report("master.heartbeat_interval", `${formatDuration(intervalMs)} is too short; it takes at least 100ms`);
  }
  return {
    heartbeatIntervalMs: Math.min(intervalMs, timeoutMs / 5),
    heartbeatTimeoutMs: timeoutMs,
    taskQueueSize: values.number("master.task_queue_size"),
    maxSlaves: values.number("master.max_slaves"),
    maxExecutions: values.number("master.max_executions"),
    store: resolveStore(values),
    dataDir: values.file("master.data_dir"),
    outputs: {
      allow: checkTargets(values, "master.outputs.allow"),
      deny: checkTargets(values, "master.outputs.deny"),
    },
    retention: {
      maxAgeMs: values.ms("master.retention.max_age"),
      maxExecutions: values.number("master.retention.max_executions"),
    },
  };
}

function resolveStore(values: GivenValues): string | null {
  const store = values.text("master.store");
  if (store === null || store === "memory:" || /^(sqlite:|rediss?:\/\/)/.test(store)) return store;
  // Only the scheme: the rest may hold a password.
  const scheme = /^[a-z][a-z0-9+.-]*:/i.exec(store)?.[0];
  values.report(
    "master.store",
    `${scheme === undefined ? "this" : `\`${scheme}…\``} is no store; it takes memory:, sqlite: or sqlite:PATH`,
  );
  return null;
}

function resolveSlave(values: GivenValues, { environment, maxThreads }: Surroundings): SlaveConfiguration {
  const threads = values.text("slave.threads") === "auto" ? "auto" : values.number("slave.threads");
  if (threads !== "auto" && threads > maxThreads) {
    values.report("slave.threads", `\`${threads}\` is too many; this machine takes 1 to ${maxThreads}, or auto`);
  }
  const ways = ["slave.api_key", "slave.api_key_env", "slave.api_key_file"].filter(values.has);
  if (ways.length > 1) values.report(ways[1] ?? "", "the key is given in two ways; keep one");
  if ((values.text("slave.tls.cert") === null) !== (values.text("slave.tls.key") === null)) {
    values.report("slave.tls.cert", "a certificate and its key go together; give both `cert` and `key`");
  }
  return {
    type: "worker",
    id: values.text("slave.id"),
    address: readAddress(values, "slave.address"),
    threads,
    capabilities: [...new Set(values.texts("slave.capabilities"))],
    labels: asTexts(values.map("slave.labels")),
    maxVus: values.has("slave.max_vus") ? values.number("slave.max_vus") : null,
    masterAddr: values.text("slave.master_addr") ?? "",
    apiKey: values.text("slave.api_key") ?? readNamedVariable(values, "slave.api_key_env", environment),
    apiKeyFile: values.file("slave.api_key_file"),
    tls: {
      ca: values.file("slave.tls.ca"),
      cert: values.file("slave.tls.cert"),
      key: values.file("slave.tls.key"),
    },
    exposeEnv: values.texts("slave.expose_env"),
    localIps: checkSpans(values, "slave.local_ips"),
    targets: {
      allow: checkTargets(values, "slave.targets.allow"),
      deny: checkTargets(values, "slave.targets.deny"),
    },
  };
}

function resolveLogging(values: GivenValues): LoggingConfiguration {
  const output = values.text("logging.output") === "file" ? "file" : "stdout";
  const file = values.file("logging.file");
  if (output === "file" && file === null) {
    values.report("logging.output", "a log in a file needs its path; add `logging.file`");
  }
  if (output === "stdout" && file !== null) {
    values.warn("logging.file", "nothing is written there: `logging.output` is stdout; write `output: file`");
  }
  const format = values.text("logging.format");
  return {
    level: values.text("logging.level") as LogLevel,
    format: format === "json" || format === "text" ? format : null,
    output,
    file,
  };
}

function resolveTls(values: GivenValues): TlsConfiguration {
  const cert = values.file("tls.cert");
  const key = values.file("tls.key");
  const ca = values.file("tls.ca");
  const asked = values.text("tls.client_auth");
  const clientAuth = asked === "optional" || asked === "required" ? asked : "none";
  if ((cert === null) !== (key === null)) {
    values.report(
      cert === null ? "tls.key" : "tls.cert",
      "a certificate and its key go together; give both `cert` and `key`",
    );
  }
  if (clientAuth !== "none" && cert === null) values.report("tls.client_auth", "it needs `tls.cert` and `tls.key`");
  if (clientAuth !== "none" && ca === null)
    values.report("tls.client_auth", "it needs `tls.ca`, whose certificates are trusted");
  return { cert, key, ca, clientAuth };
}
