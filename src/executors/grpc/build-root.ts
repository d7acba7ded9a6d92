import { createRequire } from "node:module";
import type { Enum, Namespace, ReflectionObject, Root, Service, Type } from "protobufjs";
import { findStandardProto, loadProtobuf } from "./load-protobuf.ts";

const require = createRequire(import.meta.url);

/** A file of types as a server describes it, as far as it is looked at here. */
export interface FileDescriptor {
  readonly name: string;
  readonly package: string;
  readonly syntax: string;
  readonly dependency: readonly string[];
  readonly messageType: readonly TypeDescriptor[];
  readonly enumType: readonly object[];
  readonly service: readonly object[];
}

interface TypeDescriptor {
  readonly name: string;
  readonly field: readonly { readonly name: string; readonly jsonName: string }[];
  readonly nestedType: readonly TypeDescriptor[];
  readonly options?: { readonly mapEntry?: boolean } | null;
}

/** Those with a form of their own in JSON. */
const commonProtos = ["any", "duration", "field_mask", "struct", "timestamp", "wrappers"].map(
  (name) => `google/protobuf/${name}.proto`,
);

type FromDescriptor<Made> = { fromDescriptor(descriptor: object, syntax: string): Made };

/** Reads one file's description. Throws for what is none. */
export function decodeFile(encoded: Uint8Array): FileDescriptor {
  const { FileDescriptorProto } = loadDescriptor();
  return FileDescriptorProto.decode(encoded) as unknown as FileDescriptor;
}

/** The types of described files, with the standard ones as protos have them. Throws for types that do not fit together. */
export function buildRoot(files: readonly FileDescriptor[]): Root {
  loadDescriptor();
  const protobuf = loadProtobuf();
  // Given to these classes by the library's descriptor module.
  const types = protobuf.Type as unknown as FromDescriptor<Type>;
  const enums = protobuf.Enum as unknown as FromDescriptor<Enum>;
  const services = protobuf.Service as unknown as FromDescriptor<Service>;
  const root = new protobuf.Root();
  const named = files.flatMap((file) => [file.name, ...file.dependency]);
  for (const name of new Set([...commonProtos, ...named])) root.addJSON(findStandardProto(name)?.nested ?? {});
  for (const file of files) {
    const folder: Namespace = file.package === "" ? root : root.define(file.package);
    const syntax = file.syntax === "" ? "proto2" : file.syntax;
    // The standard ones are there already, whatever the server calls their files.
    const add = (made: ReflectionObject) => folder.get(made.name) === null && folder.add(made);
    for (const described of file.messageType) {
      const type = types.fromDescriptor(described, syntax);
      complete(type, described);
      add(type);
    }
    for (const described of file.enumType) add(enums.fromDescriptor(described, syntax));
    for (const described of file.service) add(services.fromDescriptor(described, syntax));
  }
  root.resolveAll();
  return root;
}

/** What the library leaves out: names in JSON, and maps, which it takes for lists of their entries. */
function complete(type: Type, described: TypeDescriptor): void {
  const { MapField, Type: TypeClass } = loadProtobuf();
  for (const { name, jsonName } of described.field) {
    if (jsonName !== "") type.fields[name]?.setOption("json_name", jsonName);
  }
  for (const nested of described.nestedType) {
    const entry = type.nested?.[nested.name];
    if (!(entry instanceof TypeClass)) continue;
    complete(entry, nested);
    const [key, value] = [entry.fields["key"], entry.fields["value"]];
    if (nested.options?.mapEntry !== true || key === undefined || value === undefined) continue;
    // Absolute from most servers, relative from some.
    const isOf = (name: string) => name === nested.name || name.endsWith(`.${type.name}.${nested.name}`);
    const field = type.fieldsArray.find((candidate) => isOf(candidate.type));
    if (field === undefined) continue;
    const restored = new MapField(field.name, field.id, key.type, value.type, field.options ?? undefined);
    type.remove(field);
    type.add(restored);
  }
}

function loadDescriptor(): { readonly FileDescriptorProto: Type } {
  return require("protobufjs/ext/descriptor") as { readonly FileDescriptorProto: Type };
}
