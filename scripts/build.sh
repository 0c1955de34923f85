#!/bin/sh
# Builds the page into dist/.
set -eu
cd "$(dirname "$0")/.."
# shellcheck source=scripts/env.sh
. scripts/env.sh

# Each wasm is split where the source says so, for which the linker has to leave its notes on what refers to what.
rm -rf target/later
LAYERSCOPE_WASM_BINDGEN=$(command -v wasm-bindgen)
export LAYERSCOPE_WASM_BINDGEN
export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS="$SPLIT_RUSTFLAGS"
PATH=$PWD/scripts/trunk:$PATH with_wasm_toolchain trunk build
# The worker is fetched under a fixed name; Trunk would drop it without a word if its link in index.html were broken.
for file in index.html remote.html boot.js worker.js worker_bg.wasm app_views-*.wasm worker_model-*.wasm worker_answers-*.wasm; do
  # shellcheck disable=SC2086 # a pattern
  [ -s dist/$file ] || {
    echo "build: dist/$file is missing" >&2
    exit 1
  }
done
scripts/wasm-budget.sh
