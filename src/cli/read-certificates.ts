import { EngineError } from "../errors.ts";
import { findCertificateFault, findKeyFault, isKeyOf, withoutPassphrase } from "../protocol/pem.ts";
import { readSource } from "./read-source.ts";

const fields = ["ca", "cert", "key"] as const;

/** The files that are named, and their texts. */
export type Certificates<Absent> = { readonly [Field in (typeof fields)[number]]: string | Absent };

/**
 * The texts of PEM files, each seen to hold what its field wants, and the key to be that of the certificate; `nameField`
 * says what people know a field by. Throws EngineError `unreadable_file`, `invalid_config`.
 */
export function readCertificates<Absent extends null | undefined>(
  files: Certificates<Absent>,
  nameField: (field: string) => string,
): Certificates<Absent> {
  const read = (field: (typeof fields)[number]): string | Absent => {
    const file = files[field];
    if (typeof file !== "string") return file;
    const pem = readSource(file);
    const fault = field === "key" ? findKeyFault(pem, null, withoutPassphrase) : findCertificateFault(pem);
    if (fault !== null) throw new EngineError("invalid_config", `${nameField(field)}: ${file} ${fault}`);
    return pem;
  };
  const texts = { ca: read("ca"), cert: read("cert"), key: read("key") };
  const { cert, key } = texts;
  if (typeof cert === "string" && typeof key === "string" && !isKeyOf(key, cert)) {
    const misfit = `${files.key} is not the key of the first certificate in ${files.cert} (${nameField("cert")})`;
    throw new EngineError("invalid_config", `${nameField("key")}: ${misfit}; give the two that were made together`);
  }
  return texts;
}
