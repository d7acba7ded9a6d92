import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Configuration } from "./configuration.ts";
import { type ConfigurationSources, loadConfiguration } from "./load-configuration.ts";

function load(text: string | null, more: Partial<ConfigurationSources> = {}) {
  const file = text === null ? null : { name: "conf/we.yaml", text };
  return loadConfiguration({ file, environment: {}, flags: [], maxThreads: 8, ...more });
}

function read(text: string | null, more: Partial<ConfigurationSources> = {}): Configuration {
  const loaded = load(text, more);
  if ("problems" in loaded) throw new Error(JSON.stringify(loaded.problems));
  return loaded.configuration;
}

/** `line:column path: message` of everything that is wrong. */
function refuse(text: string | null, more: Partial<ConfigurationSources> = {}): readonly string[] {
  const loaded = load(text, more);
  if (!("problems" in loaded)) throw new Error("it was accepted");
  return loaded.problems.map(({ path, message, line, column }) => `${line ?? ""}:${column ?? ""} ${path}: ${message}`);
}

test("without a file everything has its default", () => {
  expect(read(null)).toEqual({
    server: {
      address: { host: null, port: 8_080 },
      readTimeoutMs: 30_000,
      writeTimeoutMs: 30_000,
      enableCors: true,
      hosts: [],
      corsOrigins: [],
      maxBody: 10_485_760,
      maxUpload: 268_435_456,
      rateLimit: 1_000,
    },
    master: {
      heartbeatIntervalMs: 5_000,
      heartbeatTimeoutMs: 30_000,
      taskQueueSize: 1_000,
      maxSlaves: 100,
      maxExecutions: 100,
      store: null,
      dataDir: null,
      outputs: { allow: [], deny: [] },
      retention: { maxAgeMs: 2_592_000_000, maxExecutions: 1_000 },
    },
    slave: {
      type: "worker",
      id: null,
      address: null,
      threads: "auto",
      capabilities: ["http_executor", "script_executor"],
      labels: {},
      maxVus: null,
      masterAddr: "http://localhost:8080",
      apiKey: null,
      apiKeyFile: null,
      tls: { ca: null, cert: null, key: null },
      exposeEnv: [],
      localIps: [],
      targets: { allow: [], deny: [] },
    },
    connections: {},
    logging: { level: "info", format: null, output: "stdout", file: null },
    auth: { enabled: false, required: false, apiKeys: [] },
    tls: { cert: null, key: null, ca: null, clientAuth: "none" },
    access: { allow: [], deny: [] },
  });
});

test("the guide's full example says what it says", () => {
  const configuration = read(readFileSync("configs/config.yaml", "utf8"));
  expect(configuration.master).toMatchObject({ heartbeatIntervalMs: 3_000, heartbeatTimeoutMs: 15_000 });
  expect(configuration.slave).toMatchObject({ labels: { region: "cn-east", env: "prod" }, maxVus: 100 });
  expect(configuration.logging).toEqual({ level: "info", format: "json", output: "stdout", file: null });
});

test("every key of the file is taken", () => {
  const configuration = read(
    `
server: {address: "[::1]:81", read_timeout: 1s, write_timeout: 2s, enable_cors: false, hosts: [a.example],
  cors_origins: ["https://b.example:8443"], max_body: 64kB, max_upload: 1MiB, rate_limit: 50}
master: {heartbeat_interval: 200ms, heartbeat_timeout: 4s, task_queue_size: 0, max_slaves: 3, max_executions: 4,
  store: "sqlite:x.db", data_dir: data, retention: {max_age: 1h, max_executions: 5},
  outputs: {allow: [10.0.0.0/8], deny: [metrics.example]}}
slave: {type: worker, id: 东-1, address: 127.0.0.1:0, threads: 2, capabilities: [db_executor], labels: {zone: 1, a: true},
  max_vus: 7, master_addr: "a:1,b:2", api_key: k, tls: {ca: ca.pem, cert: /c.pem, key: k.pem}, expose_env: [HOME], local_ips: [10.0.0.0/28, 10.0.1.1-10.0.1.9],
  targets: {allow: ["*.shop.example"], deny: [10.0.0.0/8, "::1"]}}
connections: {shop: {driver: mysql, dsn: "mysql://h/db", password_env: PW, pool: {max: 3}}}
logging: {level: debug, format: text, output: file, file: log/we.log}
auth: {required: true, api_keys: [{name: ci, key: s, role: operator, expires_at: 2027-01-31T00:00:00Z},
  {name: ops, key_env: OPS, role: admin}, {name: s, key_hash: "h", role: slave}]}
tls: {cert: m.pem, key: m.key, ca: ca.pem, client_auth: required}
access: {allow: [192.168.0.0/16], deny: [192.168.1.1]}
`,
    { environment: { PW: "geheim", OPS: "opskey" } },
  );
  expect(configuration).toEqual({
    server: {
      address: { host: "::1", port: 81 },
      readTimeoutMs: 1_000,
      writeTimeoutMs: 2_000,
      enableCors: false,
      hosts: ["a.example"],
      corsOrigins: ["https://b.example:8443"],
      maxBody: 64_000,
      maxUpload: 1_048_576,
      rateLimit: 50,
    },
    master: {
      heartbeatIntervalMs: 200,
      heartbeatTimeoutMs: 4_000,
      taskQueueSize: 0,
      maxSlaves: 3,
      maxExecutions: 4,
      store: "sqlite:x.db",
      dataDir: "conf/data",
      outputs: { allow: ["10.0.0.0/8"], deny: ["metrics.example"] },
      retention: { maxAgeMs: 3_600_000, maxExecutions: 5 },
    },
    slave: {
      type: "worker",
      id: "东-1",
      address: { host: "127.0.0.1", port: 0 },
      threads: 2,
      capabilities: ["db_executor"],
      labels: { zone: "1", a: "true" },
      maxVus: 7,
      masterAddr: "a:1,b:2",
      apiKey: "k",
      apiKeyFile: null,
      tls: { ca: "conf/ca.pem", cert: "/c.pem", key: "conf/k.pem" },
      exposeEnv: ["HOME"],
      localIps: ["10.0.0.0/28", "10.0.1.1-10.0.1.9"],
      targets: { allow: ["*.shop.example"], deny: ["10.0.0.0/8", "::1"] },
    },
    connections: { shop: { driver: "mysql", dsn: "mysql://h/db", password: "geheim", pool: { max: 3 } } },
    logging: { level: "debug", format: "text", output: "file", file: "conf/log/we.log" },
    auth: {
      enabled: true,
      required: true,
      apiKeys: [
        { name: "ci", key: "s", keyHash: null, role: "operator", expiresAt: Date.UTC(2027, 0, 31) },
        { name: "ops", key: "opskey", keyHash: null, role: "admin", expiresAt: null },
        { name: "s", key: null, keyHash: "h", role: "slave", expiresAt: null },
      ],
    },
    tls: { cert: "conf/m.pem", key: "conf/m.key", ca: "conf/ca.pem", clientAuth: "required" },
    access: { allow: ["192.168.0.0/16"], deny: ["192.168.1.1"] },
  });
  expect(Object.isFrozen(configuration.auth.apiKeys[0])).toBe(true);
});

describe("a later one wins: defaults, file, environment, flags", () => {
  const text =
    "master: {max_slaves: 2, task_queue_size: 2, heartbeat_timeout: 10s}\nslave: {labels: {a: b}, api_key_env: K}";
  const environment = {
    WE_MASTER_MAX_SLAVES: "3",
    WE_MASTER_TASK_QUEUE_SIZE: "3",
    WE_SLAVE_LABELS: "region=cn-east, zone=a",
    WE_SLAVE_CAPABILITIES: "http_executor,db_executor",
    WE_SERVER_ENABLE_CORS: "false",
    WE_SLAVE_THREADS: "3",
    WE_LOGGING_FILE: "here.log",
    WE_MASTER_URL: "http://m:1",
    WE_API_KEY: "from-client",
    WE_SLAVE_ID: "",
    WE_AUTH_API_KEYS: '[{"name": "a", "key": "k", "role": "admin"}]',
    WE_CONNECTIONS: "{shop: {driver: sqlite}}",
    K: "from-file",
  };
  const flags = [
    { key: "master.max_slaves", flag: "--max-slaves", value: 4 },
    { key: "slave.api_key_file", flag: "--api-key-file", value: "key" },
  ];

  test("file over defaults", () => {
    const { master, slave } = read(text, { environment: { K: "from-file" } });
    expect([master.maxSlaves, master.heartbeatTimeoutMs, slave.labels, slave.apiKey]).toEqual([
      2,
      10_000,
      { a: "b" },
      "from-file",
    ]);
  });
  test("environment over file", () => {
    const { master, slave, server, logging, auth, connections } = read(text, { environment });
    expect([master.maxSlaves, master.taskQueueSize, master.heartbeatTimeoutMs]).toEqual([3, 3, 10_000]);
    expect(slave).toMatchObject({
      id: null,
      labels: { region: "cn-east", zone: "a" },
      capabilities: ["http_executor", "db_executor"],
      threads: 3,
      masterAddr: "http://m:1",
      apiKey: "from-client",
    });
    expect([server.enableCors, logging.file, auth.apiKeys.length, connections]).toEqual([
      false,
      "here.log",
      1,
      { shop: { driver: "sqlite" } },
    ]);
  });
  test("flags over environment, and one way to give a key over another", () => {
    const { master, slave } = read(text, { environment, flags });
    expect([master.maxSlaves, slave.apiKey, slave.apiKeyFile]).toEqual([4, null, "key"]);
  });
  test("the name of the key over that of the client", () => {
    const { slave } = read(null, { environment: { ...environment, WE_SLAVE_MASTER_ADDR: "http://own:2" } });
    expect(slave.masterAddr).toBe("http://own:2");
  });
});

test("every problem of file, environment and flags comes at once, with its place", () => {
  const text = `server:
  adress: ":8080"
  address: "8080"
  read_timeout: 30q
  enable_cors: yes
  cors_origins: ["*"]
master:
  heartbeat_timeout: 1s
  store: reddis://user:geheim@host/
slave:
  capabilities: [http_executer]
  max_vus: 0
  threads: 9
  targets: {deny: [10.0.0.0/33]}
auth: {required: true}
tls: {cert: a.pem}
logging: {output: file}
connections: {shop: {driver: mysql, password_env: NOPE}}
mastr: {}
`;
  const environment = { WE_MASTR_ADDRESS: "x", WE_MASTER_MAX_SLAVES: "many", WE_SLAVE_LABELS: "a" };
  const flags = [{ key: "master.heartbeat_interval", flag: "--heartbeat-interval", value: "1ms" }];
  const problems = refuse(text, { environment, flags });
  expect(problems).toEqual([
    ": WE_MASTER_MAX_SLAVES: `many` is not accepted here; it takes a whole number from 1",
    ": WE_SLAVE_LABELS: it takes KEY=VALUE,KEY=VALUE, each key once",
    ": --heartbeat-interval: 1ms is too short; it takes at least 100ms",
    "2:3 server.adress: there is no field `adress` here. Did you mean `address`?",
    "3:12 server.address: `8080` is no address; it takes HOST:PORT or :PORT, for example :8080",
    "4:17 server.read_timeout: `30q` is not a duration; it takes a duration such as 500ms, 30s or 1h30m, more than 0",
    "5:16 server.enable_cors: `yes` is not accepted here; it takes true or false",
    "6:18 server.cors_origins[0]: `*` is no origin; it takes https://HOST or http://HOST:PORT, without a path",
    "8:22 master.heartbeat_timeout: 1s is too short; it takes at least 2s",
    "9:10 master.store: `reddis:…` is no store; it takes memory:, sqlite: or sqlite:PATH",
    "11:18 slave.capabilities[0]: `http_executer` is not accepted here; it takes one of http_executor, script_executor, db_executor, mq_executor, socket_executor, grpc_executor. Did you mean `http_executor`?",
    "12:12 slave.max_vus: `0` is not accepted here; it takes a whole number from 1",
    "13:12 slave.threads: `9` is too many; this machine takes 1 to 8, or auto",
    "14:20 slave.targets.deny[0]: `10.0.0.0/33` is no address, no network and no name; it takes 10.0.0.0/8, 192.0.2.1, shop.example, *.shop.example, or the path of a socket: /run/*",
    "15:18 auth.required: there are no keys; add `auth.api_keys`",
    "16:13 tls.cert: a certificate and its key go together; give both `cert` and `key`",
    "17:19 logging.output: a log in a file needs its path; add `logging.file`",
    "18:51 connections.shop.password_env: the environment has no `NOPE`; set it",
    "19:1 mastr: there is no field `mastr` here. Did you mean `master`?",
    ": WE_MASTR_ADDRESS: there is no such variable: unset it, or name it without WE_ if it is yours.",
  ]);
});

test("names that people try for the address are told what is meant", () => {
  expect(refuse(null, { environment: { WE_SERVER_HOST: "0.0.0.0", WE_SERVER_PORT: "80" } })).toEqual(
    ["WE_SERVER_HOST", "WE_SERVER_PORT"].map(
      (name) =>
        `: ${name}: there is no such variable: unset it, or name it without WE_ if it is yours. Did you mean \`WE_SERVER_ADDRESS\`?`,
    ),
  );
  expect(refuse("server: {host: 0.0.0.0, port: 8080, hots: []}")).toEqual([
    "1:10 server.host: there is no field `host` here. Did you mean `address`?",
    "1:25 server.port: there is no field `port` here. Did you mean `address`?",
    "1:37 server.hots: there is no field `hots` here. Did you mean `hosts`?",
  ]);
});

test.each([
  [
    "two keys of one name",
    "auth: {api_keys: [{name: a, key: x, role: admin}, {name: a, key: y, role: admin}]}",
    "1:58 auth.api_keys[1].name: there is a key `a` already; give each its own name",
  ],
  [
    "a key in two ways",
    "auth: {api_keys: [{name: a, key: x, key_hash: y, role: admin}]}",
    "1:19 auth.api_keys[0]: the key is given in two ways; give one of `key`, `key_env` and `key_hash`",
  ],
  [
    "no key",
    "auth: {api_keys: [{name: a, role: admin}]}",
    "1:19 auth.api_keys[0]: it has no key; give one of `key`, `key_env` and `key_hash`",
  ],
  [
    "an empty key",
    'auth: {api_keys: [{name: a, key: "", role: admin}]}',
    "1:34 auth.api_keys[0].key: an empty key opens to everybody; give another",
  ],
  [
    "a time that is none",
    "auth: {api_keys: [{name: a, key: x, role: admin, expires_at: soon}]}",
    "1:62 auth.api_keys[0].expires_at: `soon` is no time; it takes 2027-01-31T00:00:00Z",
  ],
  [
    "keys that are required and not asked for",
    "auth: {required: true, enabled: false, api_keys: [{name: a, key: x, role: admin}]}",
    "1:33 auth.enabled: `auth.required` is true; remove this, or set it to true",
  ],
  [
    "certificates of clients of nobody",
    "tls: {client_auth: required, cert: a, key: b}",
    "1:20 tls.client_auth: it needs `tls.ca`, whose certificates are trusted",
  ],
  [
    "two ways to give the slave's key",
    "slave: {api_key: a, api_key_file: b}",
    "1:35 slave.api_key_file: the key is given in two ways; keep one",
  ],
  [
    "a list",
    "[1]",
    "1:1 : a list is not accepted here; it takes a map with server, master, slave, connections, logging, auth, tls, access",
  ],
  ["two documents", "server: {}\n---\nmaster: {}", "2:1 : the file holds several YAML documents; keep one"],
  [
    "an unclosed list",
    "server: [",
    "1:10 : flow sequence in block collection must be sufficiently indented and end with a ]",
  ],
])("%s is refused", (_name, text, problem) => {
  expect(refuse(text)).toEqual([problem]);
});

test("no problem repeats a key", () => {
  const environment = { WE_AUTH_API_KEYS: "[{name: a, key: geheim1, role: admin", WE_SLAVE_API_KEY: "geheim2" };
  const text =
    "slave: {api_key: 31415926}\nauth: {api_keys: [{name: a, key: [geheim3], key_hash: {geheim4: 1}, role: admin}]}";
  expect(refuse(text, { environment }).join("\n")).not.toMatch(/geheim|31415926/);
});

test.each([
  ["nothing", ""],
  ["comments", "# nothing\n"],
  ["sections without keys", "server:\nmaster:\n  # max_slaves: 3\nlogging: {}\n"],
])("%s sets nothing", (_name, text) => {
  expect(read(text)).toEqual(read(null));
});

test("what is doubtful is a warning", () => {
  const loaded = load(
    "master: {heartbeat_timeout: 3000, heartbeat_interval: 500}\nlogging: {file: a.log}\nauth: {enabled: false, api_keys: [{name: a, key: x, role: admin}]}",
  );
  expect("warnings" in loaded && loaded.warnings.map(({ path, message }) => `${path}: ${message}`)).toEqual([
    "master.heartbeat_interval: a bare number is milliseconds: `500` is `500ms`; write `500s` if you mean seconds",
    "logging.file: nothing is written there: `logging.output` is stdout; write `output: file`",
    "auth.enabled: the keys of `auth.api_keys` are not asked for",
  ]);
});
