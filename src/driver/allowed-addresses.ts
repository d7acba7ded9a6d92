import { codes } from "../http/codes.ts";
import type { Resolver } from "../http/dns.ts";
import type { Permit } from "../protocol/ports.ts";
import { DriverFailure } from "./call-driver.ts";

/**
 * The addresses of a host that load may be sent to, in the order to try them. Rejects with a DriverFailure: no such
 * host, or the target lists refuse all of it. A driver is given one of these, never the name: what is dialled is what
 * was checked.
 */
export function findAllowedAddresses(host: string, resolver: Resolver, permit: Permit): Promise<readonly string[]> {
  const refusal = permit.refuses(host, "");
  if (refusal !== null) {
    const message = `${host} may not be dialled: ${refusal}`;
    return Promise.reject(new DriverFailure(String(codes.blockedHost), message));
  }
  return new Promise((resolve, reject) => {
    resolver.resolve(host, ({ addresses, code, message }) => {
      if (code !== 0) {
        reject(new DriverFailure(String(code), message));
        return;
      }
      let refusal = "";
      const allowed = addresses.filter((address) => {
        const why = permit.refuses(host, address);
        if (why !== null) refusal = why;
        return why === null;
      });
      if (allowed.length > 0) resolve(allowed);
      else reject(new DriverFailure(String(codes.blockedAddress), `${host} may not be dialled: ${refusal}`));
    });
  });
}
