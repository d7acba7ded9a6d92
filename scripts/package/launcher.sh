#!/bin/sh
# Becomes the program, with the runtime beside it; writes nothing. May be linked to from anywhere.
self=$0
while [ -h "$self" ]; do
  link=$(readlink "$self")
  case $link in
    /*) self=$link ;;
    *) self=${self%/*}/$link ;;
  esac
done
case $self in
  */*) root=$(CDPATH='' cd -- "${self%/*}" && pwd -P) ;;
  *) root=$(pwd -P) ;;
esac
trap 'printf "workflow-engine: the runtime %s does not start on this machine (%s, %s); this archive is for Linux with glibc 2.28 or newer, on %s\n" "$root/runtime/node" "$(uname -s)" "$(uname -m)" "@machine@" >&2' EXIT
# As of the other launcher: a young generation that does not grow in the middle of a run; `--`: options are the program's.
exec "$root/runtime/node" --max-semi-space-size=8 --disable-warning=TimeoutNegativeWarning -- "$root/dist/cli/main.js" "$@"
