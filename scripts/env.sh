# Sourced by the other scripts, from the top of the project: versions, PATH, and which toolchains the set-up chose.
# shellcheck shell=sh
# shellcheck disable=SC2034 # they use what is set here

# shellcheck source=scripts/versions.env
. scripts/versions.env

# The version of a package in Cargo.lock.
locked_version() {
  awk -v name="\"$1\"" '$1 == "name" { found = ($3 == name) } found && $1 == "version" { gsub("\"", "", $3); print $3; exit }' Cargo.lock
}

RUST_VERSION=$(sed -n 's/^channel *= *"\(.*\)"/\1/p' rust-toolchain.toml)
WASM_BINDGEN_VERSION=$(locked_version wasm-bindgen)

# What the set-up fetches for this project alone, and its notes.
TOOLS=$PWD/.cache/tools
NOTES=$PWD/.cache/setup
# The Debian image that tests open; tests/browser/container.rs looks for it there.
DEBIAN_IMAGE=$PWD/.cache/debian/image.tar

PATH=$TOOLS/node_modules/.bin:$TOOLS/dive/bin:$TOOLS/servers/usr/bin:$TOOLS/servers/usr/sbin:${CARGO_HOME:-$HOME/.cargo}/bin:$PATH
export PATH

# Plain text in logs.
export CARGO_TERM_COLOR=never NO_COLOR=true
export TRUNK_SKIP_VERSION_CHECK=true
# A backtrace of Trunk's own would bury the compiler's message.
export RUST_LIB_BACKTRACE=0

# For a wasm that is split: see scripts/build.sh.
SPLIT_RUSTFLAGS="--cfg layerscope_split -Clink-arg=--emit-relocs"

# The name of the toolchain that the set-up noted for a purpose ("host" or "wasm"), if it is not the pinned one.
noted_toolchain() {
  [ ! -f "$NOTES/$1-toolchain" ] || cat "$NOTES/$1-toolchain"
}

host_toolchain=$(noted_toolchain host)
[ -z "$host_toolchain" ] || export RUSTUP_TOOLCHAIN="$host_toolchain"

# Runs a command for the browser's target with the toolchain that has one.
with_wasm_toolchain() {
  wasm_toolchain=$(noted_toolchain wasm)
  if [ -z "$wasm_toolchain" ]; then
    "$@"
  else
    # A target directory of its own, so that two compilers do not undo each other's work.
    RUSTUP_TOOLCHAIN=$wasm_toolchain CARGO_TARGET_DIR=$PWD/target/$wasm_toolchain "$@"
  fi
}

have() {
  command -v "$1" >/dev/null 2>&1
}
