import type { createColors } from "picocolors";
import type { Report } from "../../protocol/report.ts";

/** What a part of the summary is painted with. */
export interface Paint {
  readonly colors: ReturnType<typeof createColors>;
  /** Columns that a line may take. */
  readonly width: number;
}

/** A part of the summary as lines without indent; no lines: the part has nothing to say. */
export type Section = (report: Report, paint: Paint) => readonly string[];

/** `✓` or `✗` in its colour. */
export function showMark(ok: boolean, { colors }: Paint): string {
  return ok ? colors.green("✓") : colors.red("✗");
}
