import { EngineError } from "../../errors.ts";
import type { Evaluate, StepContext } from "../../protocol/step.ts";
import type { GrpcConfig } from "./grpc-config.ts";

/** Where a call goes. */
export interface GrpcAddress {
  readonly secure: boolean;
  readonly host: string;
  readonly port: number;
  /** `host:port`, as people and the server see it. */
  readonly shown: string;
  /** Tells channels apart, with all settings in which they differ. */
  readonly key: string;
}

/** `host:port`, `grpc://host:port` or `grpcs://host[:443]`; null: it is none of them. `secure`: what a bare one means. */
export function parseAddress(text: string, secure: boolean): Omit<GrpcAddress, "key"> | null {
  const match = /^(?:(grpcs?):\/\/)?(?:\[([\da-fA-F:.]+)\]|([^\s/:[\]@?#,]+))(?::(\d{1,5}))?\/?$/.exec(text.trim());
  if (match === null) return null;
  const [, scheme, bracketed, name, written] = match;
  const isSecure = scheme === "grpcs" || secure;
  const port = written === undefined ? (isSecure ? 443 : 0) : Number(written);
  if (port < 1 || port > 65_535) return null;
  const host = bracketed ?? name ?? "";
  return { secure: isSecure, host, port, shown: `${bracketed === undefined ? host : `[${host}]`}:${port}` };
}

/** The most different texts of one template that are kept read. */
const maxKept = 64;

/** Throws EngineError `template` when called for what is no address. */
export function compileAddress(
  config: Pick<
    GrpcConfig,
    "address" | "isSecure" | "tls" | "serverName" | "compression" | "authority" | "userAgent" | "maxBytes"
  >,
  { template }: Pick<StepContext, "template">,
): Evaluate<GrpcAddress> {
  const { tls, serverName, compression, authority, userAgent, maxBytes } = config;
  const settings = JSON.stringify([tls, serverName, compression, authority, userAgent, maxBytes]);
  const fill = template(config.address);
  const kept = new Map<string, GrpcAddress>();
  return (vu) => {
    const text = String(fill(vu));
    const found = kept.get(text);
    if (found !== undefined) return found;
    const parsed = parseAddress(text, config.isSecure);
    if (parsed === null) {
      throw new EngineError(
        "template",
        `address: \`${text.slice(0, 80)}\` is not host:port, grpc://host:port or grpcs://host:port`,
      );
    }
    const address = { ...parsed, key: `${parsed.secure} ${parsed.shown} ${settings}` };
    if (kept.size >= maxKept) kept.delete(kept.keys().next().value ?? "");
    kept.set(text, address);
    return address;
  };
}
