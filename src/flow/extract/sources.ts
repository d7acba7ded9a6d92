import type { StepResult } from "../../protocol/step.ts";
import type { Extraction, ExtractionSource } from "../../protocol/workflow.ts";
import type { Languages } from "./languages.ts";
import type { MarkupQuery } from "../markup/markup-query.ts";
import { compileSourcePattern, readMatch } from "./source-pattern.ts";

/** Finds an extraction's value in a result; undefined: no match. */
export type Find = (result: StepResult) => unknown;

type CompileSource = (extraction: Extraction, languages: Languages) => Find;

/** Where extractions look. */
export const sources: Readonly<Record<ExtractionSource, CompileSource>> = {
  json: findJson,
  regex: findPattern,
  header: findHeader,
  cookie: (extraction) => {
    const name = extraction.path;
    return wrapAll(extraction, (result) => result.cookie(name));
  },
  status: (extraction) => wrapAll(extraction, (result) => result.statusCode),
  body: (extraction) => wrapAll(extraction, (result) => result.text()),
  xpath: (extraction, { xpath }) => findMarkup(extraction, xpath(extraction.path)),
  css: (extraction, { css }) => findMarkup(extraction, css(extraction.path)),
};

/** Sources with one value give a list of one under `all`. */
function wrapAll(extraction: Extraction, find: Find): Find {
  if (!extraction.all) return find;
  return (result) => {
    const value = find(result);
    return value === undefined ? undefined : [value];
  };
}

function findMarkup({ all }: Extraction, query: MarkupQuery): Find {
  if (!all) return (result) => query.first(result);
  return (result) => {
    const values = query.all(result);
    return values.length === 0 ? undefined : values;
  };
}

function findJson(extraction: Extraction, { jsonPath }: Languages): Find {
  const query = jsonPath(extraction.path);
  if (!extraction.all) return (result) => query.first(result.json());
  return (result) => {
    const values = query.all(result.json());
    return values.length === 0 ? undefined : values;
  };
}

function findPattern(extraction: Extraction): Find {
  const pattern = compileSourcePattern(extraction.path, `extract ${extraction.name}`);
  if (extraction.all) {
    const every = new RegExp(pattern.source, `${pattern.flags}g`);
    return (result) => {
      const values = Array.from(result.text().matchAll(every), readMatch);
      return values.length === 0 ? undefined : values;
    };
  }
  return (result) => {
    const match = pattern.exec(result.text());
    return match === null ? undefined : readMatch(match);
  };
}

function findHeader(extraction: Extraction): Find {
  const name = extraction.path.toLowerCase();
  if (!extraction.all) return (result) => result.header(name)[0];
  return (result) => {
    const values = result.header(name);
    return values.length === 0 ? undefined : values;
  };
}
