import { readFileSync } from "node:fs";

/** The language of a page. */
export interface Language {
  /** A text of the program in this language. Throws Error where it has no translation. */
  say(text: string): string;
  /** Ends a sentence. */
  readonly stop: string;
  /** The type of a value in this language. */
  sayType(type: string): string;
}

export const english: Language = { say: (text) => text, stop: ". ", sayType: (type) => type };

/** By English text. */
export const translations: Readonly<Record<string, string>> = JSON.parse(
  readFileSync(new URL("./chinese.json", import.meta.url), "utf8"),
) as Readonly<Record<string, string>>;

const typeWords: Readonly<Record<string, string>> = {
  "whole number": "整数",
  number: "数字",
  text: "文本",
  time: "时间",
  file: "文件",
  boolean: "布尔",
  "list of": "列表",
  "map of": "映射：",
  map: "映射",
  any: "任意",
  or: "或",
  "up to": "长度不超过",
};

export const chinese: Language = {
  say(text) {
    const said = text === "" ? "" : translations[text];
    if (said === undefined) throw new Error(`scripts/reference/chinese.json has no Chinese for: ${text}`);
    return said;
  },
  stop: "。",
  // What stands in quotes is a value; what is followed by a colon is a field.
  sayType: (type) =>
    type.replace(
      /"[^"]*"|\b(?:whole number|list of|map of|up to|number|text|time|file|boolean|map|any|or)\b(?![?:])/g,
      (word) => typeWords[word] ?? word,
    ),
};
