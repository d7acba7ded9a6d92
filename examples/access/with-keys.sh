#!/bin/sh
# A master that asks for keys, a slave that joins with its own, and a test that is submitted with another.
# Everything ends with the script.
set -eu
cd "$(dirname "$0")/../.."
folder=$(mktemp -d)
master='' slave=''
trap 'for pid in $slave $master; do kill "$pid" 2>/dev/null || :; done; wait; rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM

# Makes a key: the key itself goes to its holder's file, the hash into the configuration.
make_key() {
  ./workflow-engine keys create --role "$1" 2>/dev/null >"$folder/made"
  sed -n 's/^key *//p' "$folder/made" >"$folder/$1.key"
  chmod 600 "$folder/$1.key"
  printf '    - {name: %s, role: %s, key_hash: "%s"}\n' "$2" "$1" "$(sed -n 's/^hash *//p' "$folder/made")"
}

port=${PORT:-18480}
{
  printf 'server:\n  address: 127.0.0.1:%s\nauth:\n  required: true\n  api_keys:\n' "$port"
  make_key operator ci
  make_key slave fleet
} >"$folder/master.yaml"
export WE_MASTER_URL="http://127.0.0.1:$port"

./workflow-engine master start --config "$folder/master.yaml" --store memory: >"$folder/master.log" 2>&1 &
master=$!
./workflow-engine slave start --id s1 --address 127.0.0.1:0 --api-key-file "$folder/slave.key" >"$folder/slave.log" 2>&1 &
slave=$!
tries=0
until grep -q 'joined' "$folder/slave.log"; do
  tries=$((tries + 1))
  [ "$tries" -lt 600 ] || { cat "$folder/master.log" "$folder/slave.log" >&2; exit 1; }
  sleep 0.1
done

echo "without a key:" >&2
./workflow-engine slaves list >&2 || echo "(exit code $?)" >&2
echo "with the operator's:" >&2
cat >"$folder/test.yaml" <<YAML
options: {vus: 5, duration: 2s, think_time: 20ms}
steps:
  - {id: health, type: http, config: {url: "$WE_MASTER_URL/health"}}
YAML
./workflow-engine submit "$folder/test.yaml" --api-key-file "$folder/operator.key"
echo "what the master wrote down:" >&2
grep '"audit":true' "$folder/master.log" >&2
