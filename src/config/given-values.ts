import { join } from "node:path";
import type { Findings } from "../document/findings.ts";
import { asList, asMs, asNumber, asObject, asText } from "../protocol/json-values.ts";
import type { Json, JsonObject } from "../protocol/json.ts";
import type { Path } from "../protocol/step-spec.ts";
import { parseSize } from "../quantity.ts";
import { listKeys } from "./list-keys.ts";

/** The values of all keys, `section.key`, each from the last layer that has it; layers are put on from the weakest. */
export interface GivenValues {
  /** `shown`: how messages name its place: the path in the file, the variable, or the flag. `folder`: what paths of files start from. */
  set(key: string, value: Json, shown: Path, folder?: string): void;
  /** Did any layer set it? */
  has(key: string): boolean;
  /** As set, else the default. */
  text(key: string): string | null;
  number(key: string): number;
  ms(key: string): number;
  bytes(key: string): number;
  flag(key: string): boolean;
  list(key: string): readonly Json[];
  texts(key: string): readonly string[];
  map(key: string): JsonObject;
  /** The path of a file; one of the configuration file starts from its folder. */
  file(key: string): string | null;
  /** Says what is wrong, or doubtful, with a value of any layer, or with a part of it. */
  report(key: string, message: string, inside?: Path): void;
  warn(key: string, message: string): void;
}

interface Given {
  readonly value: Json;
  readonly shown: Path;
  readonly folder: string;
}

/** Ways to say one thing: the layer that says it in one way takes back what weaker ones said in another. */
const sameThing: readonly (readonly string[])[] = [["slave.api_key", "slave.api_key_env", "slave.api_key_file"]];

/** Only defaults so far. */
export function createGivenValues(findings: Findings): GivenValues {
  const standards = new Map(listKeys().map(({ path, standard }) => [path.join("."), standard]));
  const given = new Map<string, Given>();
  const read = (key: string): Json | undefined => given.get(key)?.value ?? standards.get(key);
  const shownAs = (key: string): Path => given.get(key)?.shown ?? key.split(".");
  return {
    set(key, value, shown, folder = "") {
      for (const other of sameThing.find((keys) => keys.includes(key)) ?? []) {
        if (other !== key && given.get(other)?.shown[0] !== shown[0]) given.delete(other);
      }
      given.set(key, { value, shown, folder });
    },
    has: (key) => given.has(key),
    text: (key) => asText(read(key)),
    number: (key) => asNumber(read(key)) ?? 0,
    ms: (key) => asMs(read(key)) ?? 0,
    bytes: (key) => parseSize(asText(read(key)) ?? "") ?? 0,
    flag: (key) => read(key) === true,
    list: (key) => asList(read(key)),
    texts: (key) => asList(read(key)).map(String),
    map: (key) => asObject(read(key)),
    file(key) {
      const path = asText(read(key));
      const folder = given.get(key)?.folder ?? "";
      return path === null || folder === "" || path.startsWith("/") ? path : join(folder, path);
    },
    report: (key, message, inside = []) => findings.report([...shownAs(key), ...inside], message),
    warn: (key, message) => findings.warn(shownAs(key), message),
  };
}
