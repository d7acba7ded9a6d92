import { referencePages, writePage } from "./reference/page.ts";

// Writes the references of the API and of the command line; a test tells when they are out of date.
for (const page of Object.keys(referencePages)) writePage(page);
