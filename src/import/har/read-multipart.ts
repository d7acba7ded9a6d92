/** A part of a recorded multipart body, as it was sent. */
export interface RecordedPart {
  readonly name: string;
  /** null: a field, no file. */
  readonly fileName: string | null;
  readonly type: string | null;
  readonly content: Buffer;
}

/** The parts of a body that was sent as `type`; null: it is no form of whole parts. */
export function readMultipart(body: Buffer, type: string): readonly RecordedPart[] | null {
  const boundary = /;\s*boundary=(?:"([^"]+)"|([^\s;]+))/i.exec(type);
  const mark = boundary?.[1] ?? boundary?.[2];
  if (mark === undefined) return null;
  // A character for a byte.
  const [before, ...pieces] = `\r\n${body.toString("latin1")}`.split(`\r\n--${mark}`);
  const end = pieces.pop();
  if (before !== "" || end === undefined || !end.startsWith("--")) return null;
  const parts = pieces.map(readPart);
  return parts.includes(null) ? null : (parts as RecordedPart[]);
}

function readPart(piece: string): RecordedPart | null {
  const cut = piece.indexOf("\r\n\r\n");
  if (!piece.startsWith("\r\n") || cut < 0) return null;
  const head = Buffer.from(piece.slice(2, cut), "latin1").toString("utf8");
  const disposition = /^content-disposition:\s*form-data\b(.*)$/im.exec(head)?.[1] ?? "";
  const name = readParameter(disposition, "name");
  if (name === null) return null;
  return {
    name,
    fileName: readParameter(disposition, "filename"),
    type: /^content-type:\s*(.*?)\s*$/im.exec(head)?.[1] ?? null,
    content: Buffer.from(piece.slice(cut + 4), "latin1"),
  };
}

/** As browsers write it: quotes and line ends are percent-encoded. */
function readParameter(disposition: string, name: string): string | null {
  const found = new RegExp(`;\\s*${name}="([^"]*)"`, "i").exec(disposition)?.[1];
  return found?.replaceAll(/%(22|0D|0A)/gi, (escaped) => decodeURIComponent(escaped)) ?? null;
}
