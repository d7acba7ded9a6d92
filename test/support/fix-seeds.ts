import fc from "fast-check";

// The properties are tried on the same values in each run, so that what passed once passes again; `--long` tries others.
if (process.env["LONG_TESTS"] !== "1") fc.configureGlobal({ seed: 20_261_126 });
