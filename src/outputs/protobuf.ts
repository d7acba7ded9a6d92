import protobuf from "protobufjs";

/** The message of this name, of definitions in protobufjs's JSON form. */
export function findMessage(definitions: protobuf.INamespace, name: string): protobuf.Type {
  return protobuf.Root.fromJSON(definitions).lookupType(name);
}
