#!/usr/bin/env -S node --max-semi-space-size=8 --disable-warning=TimeoutNegativeWarning --
import { quickenLoading } from "./quicken-loading.ts";

const args = process.argv.slice(2);
quickenLoading();
// Only now, so that it is loaded the quick way.
const { runProgram, tellFault } = await import("./run-program.ts");
for (const event of ["uncaughtException", "unhandledRejection"]) {
  process.on(event, (fault) => process.exit(tellFault(fault, args)));
}
process.exitCode = await runProgram(args);
