import type { Json, JsonObject } from "./json.ts";
import { describe, flag, object, text } from "./shape.ts";
import type { Path, SpecContext } from "./step-spec.ts";
import type { HttpTls } from "./workflow.ts";

/** `tls` of a step that may go over TLS. */
export const tlsShape = object({
  verify: describe(flag, "Verify the server's certificate. Default: true, unless `--insecure` is given."),
  cert: describe(text, "The client's certificate: PEM text, or a file relative to the workflow. Default: none."),
  key: describe(text, "The key of `cert`: PEM text, or a file relative to the workflow. Default: none."),
  ca: describe(text, "Authorities to trust: PEM text, or a file relative to the workflow. Default: the system's own."),
});

/** Verify with the system's authorities. */
export const defaultTls: HttpTls = { verify: true, cert: null, key: null, ca: null };

/** A checked `tls`, its files read; what it does not say is as in `otherwise`. */
export function readTls(
  value: Json | undefined,
  otherwise: HttpTls,
  context: Pick<SpecContext, "readFile" | "report" | "insecure">,
): HttpTls {
  const tls = typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
  const readPem = (name: "cert" | "key" | "ca"): string | null => {
    const given = tls[name];
    if (typeof given !== "string") return otherwise[name];
    if (given.includes("-----BEGIN")) return given;
    const path: Path = ["tls", name];
    const content = context.readFile(path, given);
    if (content !== null && !content.includes("-----BEGIN"))
      context.report(path, `\`${given}\` holds no PEM text (-----BEGIN …)`);
    return content;
  };
  const verify = typeof tls["verify"] === "boolean" ? tls["verify"] : otherwise.verify;
  const result = { verify: !context.insecure && verify, cert: readPem("cert"), key: readPem("key"), ca: readPem("ca") };
  if ((result.cert === null) !== (result.key === null))
    context.report(["tls"], "`cert` and `key` belong together; give both");
  return result;
}
