import { type Command, Option } from "commander";
import { defaults } from "../config/defaults.ts";

/** Adds what a node's log takes. */
export function addLogOptions(command: Command): Command {
  return command
    .addOption(
      new Option("--log-level <level>", `what is logged (default: ${defaults.logging.level})`).choices([
        "debug",
        "info",
        "warn",
        "error",
      ]),
    )
    .addOption(
      new Option("--log-format <format>", "how (default: text on a terminal, else json)").choices(["json", "text"]),
    )
    .option("--no-color", "no colours");
}
