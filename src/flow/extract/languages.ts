import type { Assertion, Extraction } from "../../protocol/workflow.ts";
import { type CompileSchema, loadJsonSchema } from "../assert/json-schema.ts";
import { loadCss } from "../markup/css.ts";
import type { CompileMarkup } from "../markup/markup-query.ts";
import { loadXpath } from "../markup/xpath.ts";
import { type JsonPath, loadJsonPath, needsJsonPath, plainJsonPath } from "./json-path.ts";

/** What paths and schemas are written in. A library is loaded where something needs it; else its function throws. */
export interface Languages {
  readonly jsonPath: JsonPath;
  readonly xpath: CompileMarkup;
  readonly css: CompileMarkup;
  readonly schema: CompileSchema;
}

/** Enough for plain JSON paths. */
export const plainLanguages: Languages = {
  jsonPath: plainJsonPath,
  xpath: () => unloaded("xpath"),
  css: () => unloaded("css"),
  schema: () => unloaded("schema"),
};

/** What these assertions and extractions need. */
export async function loadLanguages(items: readonly (Assertion | Extraction)[]): Promise<Languages> {
  const uses = (kind: string): boolean => items.some((item) => ("from" in item ? item.from : item.type) === kind);
  return {
    jsonPath: items.some(needsJsonPath) ? await loadJsonPath() : plainLanguages.jsonPath,
    xpath: uses("xpath") ? await loadXpath() : plainLanguages.xpath,
    css: uses("css") ? await loadCss() : plainLanguages.css,
    schema: uses("schema") ? await loadJsonSchema() : plainLanguages.schema,
  };
}

function unloaded(language: string): never {
  throw new Error(`${language} was compiled before it was loaded`);
}
