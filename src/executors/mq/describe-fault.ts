import { codeOfBreak, codeOfDial, codeOfHandshake, codes, describeHandshake } from "../../http/codes.ts";
import type { Failure } from "../../protocol/step.ts";
import type { BrokerAddress } from "./broker-address.ts";

const dialCodes: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EADDRNOTAVAIL",
  "ETIMEDOUT",
]);
const breakCodes: ReadonlySet<string> = new Set(["ECONNRESET", "EPIPE"]);
const refusals =
  /ACCESS_REFUSED|authoriz|authenticat|not allowed|WRONGPASS|NOAUTH|NOPERM|bad user ?name|SASL|permission/i;

/** What a driver's error means to the user; nothing secret of the address is in it. */
export function describeFault(error: unknown, address: BrokerAddress | null): Failure {
  const { code, text } = look(error);
  const message = hide(text, address);
  if (dialCodes.has(code)) {
    const what = code === "ECONNREFUSED" ? "connection refused" : `connection failed: ${code}`;
    return { code: String(codeOfDial({ code, message })), message: what };
  }
  if (breakCodes.has(code)) {
    return { code: String(codeOfBreak({ code, message })), message: `the connection broke: ${code}` };
  }
  const handshake = findHandshakeFault(error);
  if (handshake !== null) {
    const what = `TLS handshake failed: ${hide(describeHandshake(handshake), address)}`;
    return { code: String(codeOfHandshake(handshake)), message: what };
  }
  if (refusals.test(text)) return { code: "mq_auth", message: `the broker refuses it: ${message}` };
  if (/clos(ed|ing)|disconnect|socket/i.test(text))
    return { code: "mq_closed", message: `the connection to the broker broke: ${message}` };
  return { code: "mq_error", message };
}

/** Did nobody answer, so that another address may? */
export function isDialFault(error: unknown): boolean {
  return dialCodes.has(look(error).code);
}

/** An error of the certificate or of TLS itself, wherever it stands. */
function findHandshakeFault(error: unknown): (Error & { readonly code: string }) | null {
  let at: unknown = error;
  for (let depth = 0; depth < 5 && at instanceof Error; depth++) {
    const { code } = at as { readonly code?: unknown };
    if (typeof code === "string") {
      const known = at as Error & { readonly code: string };
      if (codeOfHandshake(known) !== codes.tls || /^(ERR_SSL|ERR_TLS|CERT_)/.test(code)) return known;
    }
    at = at.cause;
  }
  return null;
}

/** The innermost system error's code, and the outermost words. */
function look(error: unknown): { readonly code: string; readonly text: string } {
  let code = "";
  let text = "";
  let at: unknown = error;
  for (let depth = 0; depth < 5 && at instanceof Error; depth++) {
    if (text === "") text = at.message;
    const own = (at as { code?: unknown }).code;
    if (typeof own === "string" && (dialCodes.has(own) || breakCodes.has(own))) code = own;
    at = at instanceof AggregateError ? at.errors[0] : at.cause;
  }
  if (text === "") text = String(error);
  if (code === "") code = /\b(ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|EHOSTUNREACH)\b/.exec(text)?.[1] ?? "";
  return { code, text };
}

function hide(text: string, address: BrokerAddress | null): string {
  let shown = text.split("\n", 1)[0]?.slice(0, 300) ?? "";
  for (const secret of [address?.password, address?.token]) {
    if (secret !== null && secret !== undefined && secret !== "") shown = shown.replaceAll(secret, "***");
  }
  return shown;
}
