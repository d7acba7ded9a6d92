#!/usr/bin/env -S node --max-semi-space-size=8 --disable-warning=TimeoutNegativeWarning --
import { quickenLoading } from "./quicken-loading.ts";

/** How often it is looked whether nothing is left to be written, ms. */
const lingerMs = 2_000;

const args = process.argv.slice(2);
quickenLoading();
// Only now, so that it is loaded the quick way.
const { runProgram, tellFault } = await import("./run-program.ts");
for (const event of ["uncaughtException", "unhandledRejection"]) {
  process.on(event, (fault) => process.exit(tellFault(fault, args)));
}
process.exitCode = await runProgram(args);
// A socket that a fault left open would keep the process for ever; what somebody still reads is waited for.
setInterval(() => {
  if (process.stdout.writableLength + process.stderr.writableLength === 0) process.exit();
}, lingerMs).unref();
