import { isIPv6 } from "node:net";
import type { Json } from "../../protocol/json.ts";
import { asTexts } from "../../protocol/json-values.ts";
import type { SpecContext } from "../../protocol/step-spec.ts";

/** A checked `hosts`; says which of its values can be no address to dial. */
export function readHosts(
  value: Json | undefined,
  { report }: Pick<SpecContext, "report">,
): Readonly<Record<string, string>> {
  const hosts = asTexts(value);
  for (const [name, address] of Object.entries(hosts)) {
    // A template that is left is filled in where the run's environment is known.
    if (!address.includes("${") && !isDialable(address))
      report(
        ["hosts", name],
        `\`${address.slice(0, 100)}\` is no address; write one or a name, with \`:port\` or without`,
      );
  }
  return hosts;
}

function isDialable(address: string): boolean {
  if (isIPv6(address)) return true;
  const [, bracketed, name, port = "1"] = /^(?:\[([^\]]*)\]|([^\s:/?#@[\]]+))(?::(\d{1,5}))?$/.exec(address) ?? [];
  if (bracketed === undefined && name === undefined) return false;
  return (bracketed === undefined || isIPv6(bracketed)) && Number(port) > 0 && Number(port) < 65_536;
}
