import { isSecretField } from "./secret-names.ts";

/** The text with `***` for the user's part of its URLs and for parameters whose names are secrets'. */
export function hideCredentials(text: string): string {
  return text
    .replaceAll(/(:\/\/)[^\s/?#]*@/g, "$1***@")
    .replaceAll(/([?&]([^=&#\s]{1,64})=)[^&#\s]+/g, (all, before: string, name: string) =>
      isSecretField(name) ? `${before}***` : all,
    );
}
