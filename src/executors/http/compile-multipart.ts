import { randomBytes } from "node:crypto";
import { joinPieces } from "../../http/body.ts";
import { combineTexts, type CompiledText, compileText, constantText } from "../../http/compiled-text.ts";
import { EngineError } from "../../errors.ts";
import type { StepContext, VirtualUser } from "../../protocol/step.ts";
import type { BodyFile, BodyFiles } from "./body-files.ts";
import type { CompiledBody } from "./compiled-body.ts";
import type { BodyPart } from "../../protocol/http-config.ts";

type Templates = Pick<StepContext, "template" | "constant">;

interface CompiledPart {
  /** The part up to the end of a text, or to the beginning of a file. */
  readonly text: CompiledText;
  readonly file: BodyFile | null;
}

/** A body of `multipart/form-data` (RFC 7578), names and file names written as browsers do. */
export function compileMultipart(parts: readonly BodyPart[], templates: Templates, files: BodyFiles): CompiledBody {
  // Drawn, so that no part holds it.
  const boundary = `----------${randomBytes(18).toString("hex")}`;
  const compiled = parts.map((part) => compilePart(part, boundary, templates, files));
  return {
    coding: null,
    isConstant: compiled.every(({ text }) => text.constant !== undefined),
    contentType: `multipart/form-data; boundary=${boundary}`,
    evaluate(vu: VirtualUser) {
      const pieces = compiled.flatMap(({ text, file }) =>
        file === null ? [text.evaluate(vu), "\r\n"] : [text.evaluate(vu), file.part, "\r\n"],
      );
      return joinPieces([...pieces, `--${boundary}--\r\n`]);
    },
  };
}

function compilePart(part: BodyPart, boundary: string, templates: Templates, files: BodyFiles): CompiledPart {
  const { field, content, fileName, contentType } = part;
  const texts = [
    compileText(field, templates),
    fileName === null ? constantText("") : compileText(fileName, templates),
    contentType === null ? constantText("") : compileText(contentType, templates),
    "text" in content ? compileText(content.text, templates) : constantText(""),
  ];
  const text = combineTexts(texts, ([name = "", file = "", type = "", value = ""]) => {
    let head = `--${boundary}\r\nContent-Disposition: form-data; name="${escapeName(name)}"`;
    if (fileName !== null) head += `; filename="${escapeName(file)}"`;
    if (contentType !== null) head += `\r\nContent-Type: ${checkType(type)}`;
    return `${head}\r\n\r\n${value}`;
  });
  return { text, file: "file" in content ? files.use(content.file) : null };
}

/** As the HTML standard has it ("multipart/form-data encoding algorithm"). */
function escapeName(name: string): string {
  return name.replaceAll("\n", "%0A").replaceAll("\r", "%0D").replaceAll('"', "%22");
}

function checkType(type: string): string {
  if (!/[\r\n\0]/.test(type)) return type;
  throw new EngineError("template", "the content_type of a part holds a line break; remove it");
}
