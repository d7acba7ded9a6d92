import type { Json } from "../../protocol/json.ts";
import type { HttpTls } from "../../protocol/workflow.ts";

export type DbDriverName = "mysql" | "postgres" | "sqlite" | "redis";
export type DbAction = "query" | "execute" | "count" | "exists" | "begin" | "commit" | "rollback";

/** A db step's config, checked and complete. Texts may be templates. */
export interface DbConfig {
  /** null: the connection says it. */
  readonly driver: DbDriverName | null;
  /** A connection by its name; null: `dsn`, else the one that is called like the driver. */
  readonly connection: string | null;
  readonly dsn: string | null;
  readonly action: DbAction;
  /** null for redis, and where the action says everything. */
  readonly query: string | null;
  /** What redis is to do; null elsewhere. */
  readonly command: readonly Json[] | null;
  readonly params: Json;
  /** Whether a text without templates is prepared once per connection. */
  readonly prepare: boolean;
  /** How redis texts are read. */
  readonly encoding: "text" | "hex" | "base64";
  readonly timeoutMs: number;
  readonly maxRows: number;
  readonly maxBytes: number;
  /** The most connections of this slave to a `dsn`; null: the default. */
  readonly poolMax: number | null;
  /** Whether a `dsn` goes over TLS; null: the dsn says it. */
  readonly secure: boolean | null;
  readonly tls: HttpTls;
}
