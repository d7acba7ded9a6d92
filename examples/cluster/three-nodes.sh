#!/bin/sh
# The guide's cluster of three nodes on this machine: a master and two slaves of 200 virtual users each, and a test of
# 400 over both of them. Ends everything that it started.
#
#   examples/cluster/three-nodes.sh [OPTION OF submit]...     e.g. -d 30s, or --json
#
# MASTER_ADDRESS  default 127.0.0.1:0, a free port
# DEMO_URL        what is tested; default: the built-in target, started here
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd -P)
engine=$root/workflow-engine
. "$root/scripts/bootstrap.sh"
# Fetches, installs and builds what is missing.
"$engine" version >/dev/null
use_node

work=$(mktemp -d)
started=
submit=

# Slaves first, so that none of them misses its master. Each is asked to end and waited for.
stop_all() {
  trap - EXIT
  for process in $started; do kill "$process" 2>/dev/null || :; done
  for process in $started; do wait "$process" 2>/dev/null || :; done
  rm -rf "$work"
}
# A terminal sends Ctrl-C to the submit too, which then stops the test gracefully.
on_interrupt() {
  [ -z "$submit" ] || wait "$submit" || :
  exit 130
}
on_end() {
  [ -z "$submit" ] || { kill "$submit" 2>/dev/null && wait "$submit"; } || :
  exit 143
}
trap stop_all EXIT
trap on_interrupt INT
trap on_end TERM HUP

# start NAME COMMAND...: in the background, its output in a file of that name.
start() {
  log=$work/$1.log
  shift
  "$@" >"$log" 2>&1 &
  started="$! $started"
}

# await_url NAME: prints the URL that NAME says it listens on.
await_url() {
  tries=0
  until grep -Eo 'http://[0-9.]+:[0-9]+' "$work/$1.log" | head -n 1 | grep .; do
    tries=$((tries + 1))
    [ "$tries" -lt 1200 ] || give_up "$1 did not start"
    sleep 0.1
  done
}

give_up() {
  printf 'three-nodes: %s\n' "$1" >&2
  cat "$work"/*.log >&2
  exit 1
}

if [ -z "${DEMO_URL-}" ]; then
  start target "$node" "$root/dist/demo/main.js"
  DEMO_URL=$(await_url target)
fi

# Node 1: the master.
start master "$engine" master start --address "${MASTER_ADDRESS-127.0.0.1:0}" --max-executions 200 --data-dir "$work/data"
master=$(await_url master)

# Nodes 2 and 3: the slaves, in two zones.
start slave-1 "$engine" slave start --master "$master" --address 127.0.0.1:0 \
  --id slave-1 --max-vus 200 --labels region=cn-east,zone=a
start slave-2 "$engine" slave start --master "$master" --address 127.0.0.1:0 \
  --id slave-2 --max-vus 200 --labels region=cn-east,zone=b

tries=0
until [ "$("$engine" slaves list --master "$master" | grep -c '^slave-[12] .*online')" = 2 ]; do
  tries=$((tries + 1))
  [ "$tries" -lt 300 ] || give_up "the slaves did not join"
  sleep 0.5
done
"$engine" slaves list --master "$master" >&2

# In the background, so that this script hears signals meanwhile.
"$engine" submit "$root/examples/cluster/distributed.yaml" --master "$master" -e "DEMO_URL=$DEMO_URL" \
  --out-json "$work/report.json" "$@" &
submit=$!
code=0
wait "$submit" || code=$?
submit=
[ "$code" = 0 ] || give_up "the test ended with code $code"

# What each slave had active, from the report.
"$node" -e '
  const { slaves } = JSON.parse(require("node:fs").readFileSync(process.argv[1], "utf8"));
  for (const { id, vus, iterations } of slaves) console.error(`${id}: ${vus} VUs, ${iterations} iterations`);
' "$work/report.json"
