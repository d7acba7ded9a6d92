import type { BytesEncoding } from "../../protocol/encoded-bytes.ts";
import type { HttpTls } from "../../protocol/workflow.ts";

export type SocketProtocol = "tcp" | "udp" | "tls" | "unix";
export type SocketAction = "connect" | "send" | "receive" | "close";

/** A socket step's config, checked and complete. Texts may be templates. */
export interface SocketConfig {
  readonly protocol: SocketProtocol;
  readonly action: SocketAction;
  /** What the VU calls this socket; null: protocol, host and port do. */
  readonly name: string | null;
  /** For `unix` the path; empty where a name says which socket is meant. */
  readonly host: string;
  readonly port: string;
  /** null: nothing to send. */
  readonly data: string | null;
  readonly encoding: BytesEncoding;
  /** An answer ends with it; null: not by a delimiter. In the config's encoding. */
  readonly delimiter: string | null;
  /** An answer has so many bytes; null: not by length. */
  readonly length: string | null;
  readonly connectTimeoutMs: number;
  /** For the whole step. */
  readonly timeoutMs: number;
  /** The most bytes of an answer, and of what has come and nobody has received yet. */
  readonly maxBytes: number;
  readonly tls: HttpTls;
}
