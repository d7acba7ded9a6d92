#!/bin/sh
# `npm test`: sets up what is missing, then runs every check and test; the last line is `N passed, N failed`.
# --long runs many more seeds of the random tests; other arguments go to vitest.
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
. "$root/scripts/bootstrap.sh"
use_node
install_packages
build_sources || printf 'the build failed: the tests run against what there is\n' >&2
unlock
cd "$root" && exec "$node" test/run.ts "$@"
