import pg from "pg";
import { parseJson } from "../../../http/parse-json.ts";

type Read = (text: string) => unknown;

const asIs: Read = (text) => text;
const readInteger: Read = (text) => {
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : BigInt(text);
};
const readTexts = pg.types.getTypeParser(1009 as number) as Read;
const readList =
  (read: Read): Read =>
  (text) =>
    mapDeep(readTexts(text), read);

function mapDeep(value: unknown, read: Read): unknown {
  if (Array.isArray(value)) return value.map((item) => mapDeep(item, read));
  return typeof value === "string" ? read(value) : value;
}

const readBytes = pg.types.getTypeParser(17) as Read;
const toBase64: Read = (text) => (readBytes(text) as Buffer).toString("base64");
const readDocument: Read = (text) => parseJson(text) ?? text;

/** By the number of the type; those that are not here are read as pg does. */
const reads: Readonly<Record<number, Read>> = {
  17: toBase64,
  20: readInteger,
  1016: readList(readInteger),
  114: readDocument,
  199: readList(readDocument),
  3802: readDocument,
  3807: readList(readDocument),
  // Numbers with digits that a double has no room for, and times: as the database writes them.
  1700: asIs,
  1231: readTexts,
  1082: asIs,
  1182: readTexts,
  1083: asIs,
  1183: readTexts,
  1266: asIs,
  1270: readTexts,
  1114: asIs,
  1115: readTexts,
  1184: asIs,
  1185: readTexts,
  1186: asIs,
  1187: readTexts,
  600: asIs,
  718: asIs,
  1001: readList(toBase64),
};

/** How a value of PostgreSQL is read: nothing of it is lost, nothing is a Date or a Buffer. */
export function readPostgresType(type: number): Read {
  return reads[type] ?? (pg.types.getTypeParser(type) as Read);
}
