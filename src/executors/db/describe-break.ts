import { codeOfBreak, codeOfHandshake, codes, describeHandshake, type SystemError } from "../../http/codes.ts";
import type { Failure } from "../../protocol/step.ts";

/** What an error of a connection is that no database gave: it broke, or TLS was refused. */
export function describeBreak(error: unknown): Failure {
  const { code, message } = readError(error);
  if (isTlsError(code)) {
    return {
      code: String(codeOfHandshake({ code, message })),
      message: `TLS failed: ${describeHandshake({ code, message })}`,
    };
  }
  if (code !== undefined && /^E[A-Z]+$/.test(code)) {
    return { code: String(codeOfBreak({ code, message })), message: `the connection broke: ${code}` };
  }
  return { code: String(codes.tcp), message: "the database closed the connection" };
}

/** The parts that errors of drivers have. */
export function readError(error: unknown): SystemError {
  if (!(error instanceof Error)) return { message: String(error) };
  const { code } = error as { readonly code?: unknown };
  return { code: typeof code === "string" ? code : undefined, message: error.message };
}

function isTlsError(code: string | undefined): boolean {
  return (
    code !== undefined &&
    /^(?:ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|HOSTNAME_MISMATCH|INVALID_CA)/.test(code)
  );
}
