#!/bin/sh
# `npm run package [-- FOLDER]`: writes release/workflow-engine-<version>-linux-<arch>.tar.gz (or into FOLDER), which
# runs on a machine of this kind without Node.js, a registry or a network. The runtime in it is the pinned one.
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
. "$root/scripts/bootstrap.sh"
use_node
install_packages
# The node that runs may be a distribution's, which needs the machine's own libraries.
runtime=$(dirname -- "$(dirname -- "$(readlink -f -- "$node")")")
if [ "$("$node" -v)" != "v$node_version" ] || ! grep -q '"node-linux-' "$runtime/package.json" 2>/dev/null; then
  lock
  has_runtime || fetch_runtime
  runtime=$runtime_node
fi
unlock
exec "$node" "$root/scripts/package/main.ts" "$runtime" "${1:-$root/release}"
