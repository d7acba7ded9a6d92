#!/bin/sh
# `npm run package [-- FOLDER [ARCH]]`: writes release/workflow-engine-<version>-linux-<arch>.tar.gz (or into FOLDER), which
# runs on a machine of this kind, or of ARCH (x64 or arm64), without Node.js, a registry or a network. The runtime in it is
# the pinned one; nothing else depends on the kind of machine.
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
. "$root/scripts/bootstrap.sh"
use_node
install_packages
own=$("$node" -p process.arch)
arch=${2:-$own}
# The node that runs may be a distribution's, which needs the machine's own libraries.
runtime=$(dirname -- "$(dirname -- "$(readlink -f -- "$node")")")
if [ "$arch" != "$own" ] || [ "$("$node" -v)" != "v$node_version" ] ||
  ! grep -q '"node-linux-' "$runtime/package.json" 2>/dev/null; then
  case $arch in
    "$own") ;;
    x64) machine=Linux-x86_64 ;;
    arm64) machine=Linux-aarch64 ;;
    *) fail "there is no runtime for $arch: x64 and arm64 are known" ;;
  esac
  [ "$arch" = "$own" ] || runtime_node=$root/.runtime/$node_version-$arch/node
  lock
  has_runtime || fetch_runtime
  runtime=$runtime_node
fi
unlock
exec "$node" "$root/scripts/package/main.ts" "$runtime" "${1:-$root/release}" "$arch"
