import type { TInteger, TNumber, TString, TUnsafe } from "typebox";
import { Type } from "./type.ts";
import type { JsonObject } from "../../../protocol/json.ts";

/** A time: RFC 3339 in UTC. */
export function moment(): TString {
  return Type.String({ format: "date-time" });
}

/** How many. */
export function count(description?: string): TInteger {
  return Type.Integer({ minimum: 0, ...(description === undefined ? {} : { description }) });
}

export function number(description?: string): TNumber {
  return Type.Number(description === undefined ? {} : { description });
}

/** A measured time: milliseconds, 3 decimals. */
export function milliseconds(): TNumber {
  return Type.Number({ minimum: 0 });
}

/** A share of a whole: 0..1. */
export function share(description?: string): TNumber {
  return Type.Number({ minimum: 0, maximum: 1, ...(description === undefined ? {} : { description }) });
}

/** Any map of JSON. */
export function anyMap(description: string): TUnsafe<JsonObject> {
  return Type.Unsafe({ type: "object", description });
}
