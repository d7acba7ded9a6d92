import { choice, describe, object, text } from "../protocol/shape.ts";

/** `logging`. */
export const loggingShape = object({
  level: describe(choice("debug", "info", "warn", "error"), "The least level that is logged."),
  format: describe(
    choice("json", "text"),
    "JSON, an object a line, or text for people. Default: text on a terminal, else json.",
  ),
  output: describe(choice("stdout", "file"), "Where the log goes."),
  file: describe(
    text,
    "The file of `output: file`; opened again on SIGHUP, so that it can be rotated. Required with it; no default.",
  ),
});
