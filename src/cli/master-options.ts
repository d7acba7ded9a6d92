import { type Command, InvalidArgumentError } from "commander";
import { parseDuration } from "../quantity.ts";
import { addConnectionOptions, type ConnectionOptions } from "./connection-options.ts";
import { readDuration } from "./option-values.ts";
import type { ResultOptions, WorkflowOptions } from "./run-options.ts";

/** What every command that asks a master takes. */
export interface MasterOptions extends ConnectionOptions {
  /** Default: WE_MASTER_URL, else http://localhost:8080. */
  readonly master?: string;
  readonly json?: boolean;
}

/** The options of `submit` as commander gives them. */
export interface SubmitOptions extends WorkflowOptions, ResultOptions, MasterOptions {
  readonly json?: boolean;
  readonly detach?: boolean;
  readonly queue?: boolean;
  /** ms. */
  readonly wait?: number;
  readonly onInterrupt: "stop" | "detach";
  readonly failOnDegraded?: boolean;
}

/** Adds them; `json` says what `--json` prints. */
export function addMasterOptions(command: Command, json: string): Command {
  return addMasterOption(command).option("--json", json).option("--no-color", "no colours");
}

/** Adds `--master`, and how it is spoken to. */
export function addMasterOption(command: Command): Command {
  return addConnectionOptions(
    command.option(
      "--master <urls>",
      "the master, or several with commas between them (default: WE_MASTER_URL, else http://localhost:8080)",
    ),
  );
}

/** A whole number from 0. */
export function readTarget(text: string): number {
  const value = Number(text);
  if (!/^\d+(\.\d+)?$/.test(text) || !Number.isFinite(value))
    throw new InvalidArgumentError("It takes a number from 0.");
  return value;
}

/** Milliseconds of a duration with its unit. */
export function readWait(text: string): number {
  return parseDuration(readDuration(text)) ?? 0;
}
