import { type LoadedWorkflow, type LoadOptions, loadWorkflowObject } from "../../definition/load-workflow.ts";
import type { ImportedDocument } from "./import-document.ts";

/** The workflow of a module's document, or all its problems. */
export function loadImported(
  imported: ImportedDocument,
  options: LoadOptions & { readonly fileName: string | null },
): LoadedWorkflow {
  return "problems" in imported ? imported : loadWorkflowObject(imported.document, options);
}
