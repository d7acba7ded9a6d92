import type { Json } from "../../protocol/json.ts";
import type { HttpTls } from "../../protocol/workflow.ts";

export type GrpcCompression = "identity" | "deflate" | "gzip";

/** A file of a proto: as imports name it, and as `ExecutorContext.files` does. */
export interface ProtoFile {
  readonly name: string;
  readonly file: string;
}

/** A grpc step's config, checked and complete. Texts may be templates, but for the method's names. */
export interface GrpcConfig {
  /** `host:port`, `grpc://…` or `grpcs://…`. */
  readonly address: string;
  /** `package.Service`. */
  readonly service: string;
  readonly method: string;
  /** The named protos and all that they import, without the standard ones; null: the server is asked. */
  readonly protos: readonly ProtoFile[] | null;
  /** What is sent, in order; one where the method takes one. */
  readonly messages: readonly Json[];
  /** Was it written as `messages`? */
  readonly isList: boolean;
  readonly metadata: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly connectTimeoutMs: number;
  /** What an address without `grpc://` or `grpcs://` means. */
  readonly isSecure: boolean;
  readonly tls: HttpTls;
  /** The name that the certificate is checked against; null: the host. */
  readonly serverName: string | null;
  readonly compression: GrpcCompression;
  readonly connections: "vu" | "shared";
  readonly authority: string | null;
  readonly userAgent: string | null;
  /** Codes of the status with which the step passes. */
  readonly expectStatus: readonly number[];
  /** The stream is ended after so many answers; null: the server ends it. */
  readonly maxMessages: number | null;
  /** The most bytes of one answer, and of all that are kept. */
  readonly maxBytes: number;
}
