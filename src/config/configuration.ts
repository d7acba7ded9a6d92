import type { JsonObject } from "../protocol/json.ts";
import type { LogLevel, TargetLists } from "../protocol/ports.ts";
import type { ListenAddress } from "./listen-address.ts";

/** How masters and slaves are set up: defaults, file, environment and flags put together, checked and frozen. */
export interface Configuration {
  readonly server: ServerConfiguration;
  readonly master: MasterConfiguration;
  readonly slave: SlaveConfiguration;
  /** Databases and brokers by name: `driver`, `dsn` and what else the driver takes; `X_env` is filled in as `X`. */
  readonly connections: Readonly<Record<string, JsonObject>>;
  readonly logging: LoggingConfiguration;
  readonly auth: AuthConfiguration;
  readonly tls: TlsConfiguration;
  readonly access: AddressLists;
}

/** A master's listener. */
export interface ServerConfiguration {
  readonly address: ListenAddress;
  /** How long a request may take to arrive, and an answer to be taken. */
  readonly readTimeoutMs: number;
  readonly writeTimeoutMs: number;
  /** false: pages of other origins are not answered. */
  readonly enableCors: boolean;
  /** Names besides addresses and `localhost` under which pages may reach this master. */
  readonly hosts: readonly string[];
  /** Origins besides localhost and the master's own whose pages may, such as `https://load.example.com`. */
  readonly corsOrigins: readonly string[];
  /** Bytes of a body, and of one with files. */
  readonly maxBody: number;
  readonly maxUpload: number;
  /** Requests of one address in a second. */
  readonly rateLimit: number;
}

export interface MasterConfiguration {
  /** At most a fifth of the timeout. */
  readonly heartbeatIntervalMs: number;
  /** H, at least 2 s. */
  readonly heartbeatTimeoutMs: number;
  readonly taskQueueSize: number;
  readonly maxSlaves: number;
  readonly maxExecutions: number;
  /** `memory:`, `sqlite:PATH`, `redis://…`; null: sqlite in the data folder. */
  readonly store: string | null;
  /** null: the first writable of those by default. */
  readonly dataDir: string | null;
  /** What outputs may be sent to. */
  readonly outputs: TargetLists;
  readonly retention: { readonly maxAgeMs: number; readonly maxExecutions: number };
}

export interface SlaveConfiguration {
  readonly type: "worker" | "gateway" | "aggregator";
  /** null: made up. */
  readonly id: string | null;
  /** null: the default, which may move to a free port. */
  readonly address: ListenAddress | null;
  readonly threads: number | "auto";
  readonly capabilities: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  /** null: not given; 100, without a limit inside a standalone master. */
  readonly maxVus: number | null;
  /** Masters, with commas between. */
  readonly masterAddr: string;
  /** At most one of the two. */
  readonly apiKey: string | null;
  readonly apiKeyFile: string | null;
  /** PEM files. */
  readonly tls: { readonly ca: string | null; readonly cert: string | null; readonly key: string | null };
  /** Names of the process's environment that a workflow may read. */
  readonly exposeEnv: readonly string[];
  /** Addresses and ranges of this machine that load comes from; empty: the workflow or the system chooses. */
  readonly localIps: readonly string[];
  readonly targets: TargetLists;
}

export interface LoggingConfiguration {
  readonly level: LogLevel;
  /** null: text on a terminal, else json. */
  readonly format: "json" | "text" | null;
  readonly output: "stdout" | "file";
  /** Not null where the output is a file. */
  readonly file: string | null;
}

export type Role = "viewer" | "operator" | "admin" | "slave";

export interface AuthConfiguration {
  /** Default: whether there are keys. */
  readonly enabled: boolean;
  /** Do not start without keys. */
  readonly required: boolean;
  readonly apiKeys: readonly ApiKeyConfiguration[];
}

export interface ApiKeyConfiguration {
  readonly name: string;
  /** Exactly one of the two; a key from the environment is filled in. */
  readonly key: string | null;
  readonly keyHash: string | null;
  readonly role: Role;
  /** Milliseconds since the epoch; null: never. */
  readonly expiresAt: number | null;
}

/** PEM files of the listener; without cert it speaks plain HTTP. */
export interface TlsConfiguration {
  readonly cert: string | null;
  readonly key: string | null;
  /** Whose certificates of clients are trusted. */
  readonly ca: string | null;
  /** Whether clients show a certificate: not asked for, checked where they do, required. */
  readonly clientAuth: "none" | "optional" | "required";
}

/** Addresses and networks (`10.0.0.0/8`); a denied one is never allowed; an empty `allow` allows all others. */
export interface AddressLists {
  readonly allow: readonly string[];
  readonly deny: readonly string[];
}
