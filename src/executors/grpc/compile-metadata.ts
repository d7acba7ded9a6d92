import { Metadata } from "@grpc/grpc-js";
import { EngineError } from "../../errors.ts";
import type { Evaluate, StepContext } from "../../protocol/step.ts";

/** The metadata of a step, made once where it holds no template. Throws EngineError `template` for what cannot be sent. */
export function compileMetadata(
  given: Readonly<Record<string, string>>,
  { template, constant }: Pick<StepContext, "template" | "constant">,
): Evaluate<Metadata> {
  const entries = Object.entries(given);
  const isConstant = entries.every(([, text]) => constant(text) !== undefined);
  const fill = entries.map(([key, text]) => [key, template(text)] as const);
  const make: Evaluate<Metadata> = (vu) => {
    const metadata = new Metadata();
    for (const [key, evaluate] of fill) add(metadata, key, String(evaluate(vu)));
    return metadata;
  };
  if (!isConstant) return make;
  const metadata = new Metadata();
  for (const [key, text] of entries) add(metadata, key, constant(text) ?? "");
  // The driver adds to a copy of its own.
  return () => metadata;
}

function add(metadata: Metadata, key: string, value: string): void {
  try {
    metadata.add(key, key.endsWith("-bin") ? Buffer.from(value, "base64") : value);
  } catch (cause) {
    throw new EngineError(
      "template",
      `metadata \`${key}\`: its value cannot be sent; end the name in -bin for base64`,
      {
        cause,
      },
    );
  }
}

/** As people read it: several values of one name with commas between, bytes as base64. */
export function showMetadata(metadata: Metadata | null): Record<string, string> {
  return Object.fromEntries([...listMetadata(metadata)].map(([key, values]) => [key, values.join(", ")]));
}

/** The values by name. */
export function listMetadata(metadata: Metadata | null): Map<string, readonly string[]> {
  const found = new Map<string, readonly string[]>();
  for (const key of Object.keys(metadata?.getMap() ?? {})) {
    const values = metadata?.get(key) ?? [];
    found.set(
      key,
      values.map((value) => (typeof value === "string" ? value : value.toString("base64"))),
    );
  }
  return found;
}
