#!/bin/sh
# Builds the page into dist/.
set -eu
cd "$(dirname "$0")/.."
# shellcheck source=scripts/env.sh
. scripts/env.sh

with_wasm_toolchain trunk build
# The worker is fetched under a fixed name; Trunk would drop it without a word if its link in index.html were broken.
for file in index.html remote.html boot.js worker.js worker_bg.wasm; do
  [ -s "dist/$file" ] || {
    echo "build: dist/$file is missing" >&2
    exit 1
  }
done
scripts/wasm-budget.sh
