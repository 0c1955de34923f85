#!/bin/sh
# Compares the sizes of the wasm in dist/, as brotli sends it, with those in wasm-budget.txt, and fails where one has grown by more than 5 %.
# `scripts/wasm-budget.sh write` writes today's sizes there, for a growth that is meant.
set -eu
cd "$(dirname "$0")/.."
# shellcheck source=scripts/env.sh
. scripts/env.sh

BUDGET=wasm-budget.txt

# How many bytes files are with brotli, each by itself. Node has a brotli of its own, and the set-up asks for Node anyway.
packed_size() {
  node -e '
    const { readFileSync } = require("node:fs");
    const packed = (file) => require("node:zlib").brotliCompressSync(readFileSync(file)).length;
    console.log(process.argv.slice(1).reduce((sum, file) => sum + packed(file), 0));
  ' "$@"
}

measured=
for part in page page-later worker worker-model worker-later; do
  case $part in
    page) files=$(echo dist/app-*_bg.wasm) ;;
    page-later) files=$(echo dist/app_views-*.wasm) ;;
    worker) files=dist/worker_bg.wasm ;;
    # The splitter makes a part of its own of what the model and the answers share.
    worker-model) files=$(echo dist/worker_chunk_*.wasm dist/worker_model-*.wasm) ;;
    worker-later) files=$(echo dist/worker_answers-*.wasm) ;;
  esac
  # shellcheck disable=SC2086 # several files; a pattern without one is none
  size=$(packed_size $files) && bytes=$(cat $files | wc -c) || {
    echo "wasm-budget: not all of $files is there" >&2
    exit 1
  }
  measured="$measured$part $size
"
  echo "wasm-budget: $part: $size bytes with brotli, $bytes without; the budget is $(sed -n "s/^$part //p" $BUDGET)"
done

if [ "${1:-}" = write ]; then
  {
    grep '^#' $BUDGET
    printf %s "$measured"
  } >$BUDGET.new
  mv $BUDGET.new $BUDGET
  exit
fi

printf %s "$measured" | while read -r part size; do
  budget=$(sed -n "s/^$part //p" $BUDGET)
  [ -n "$budget" ] || {
    echo "wasm-budget: $BUDGET has no line for $part" >&2
    exit 1
  }
  [ $((size * 100)) -le $((budget * 105)) ] || {
    echo "wasm-budget: $part has grown by more than 5 %. If that is meant: scripts/wasm-budget.sh write" >&2
    exit 1
  }
done
