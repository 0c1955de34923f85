#!/bin/sh
# Compares the sizes of the wasm in dist/, as brotli sends it, with those in wasm-budget.txt, and fails where one has grown by more than 5 %.
# `scripts/wasm-budget.sh write` writes today's sizes there, for a growth that is meant.
set -eu
cd "$(dirname "$0")/.."
# shellcheck source=scripts/env.sh
. scripts/env.sh

BUDGET=wasm-budget.txt

# Node has a brotli of its own, and the set-up asks for Node anyway.
packed_size() {
  node -e 'const zlib = require("node:zlib"); console.log(zlib.brotliCompressSync(require("node:fs").readFileSync(process.argv[1])).length)' "$1"
}

measured=
for part in page page-later worker worker-later; do
  case $part in
    page) file=$(echo dist/app-*_bg.wasm) ;;
    page-later) file=$(echo dist/app_views-*.wasm) ;;
    worker) file=dist/worker_bg.wasm ;;
    worker-later) file=$(echo dist/worker_answers-*.wasm) ;;
  esac
  [ -s "$file" ] || {
    echo "wasm-budget: $file is not there, or is several files" >&2
    exit 1
  }
  size=$(packed_size "$file")
  measured="$measured$part $size
"
  echo "wasm-budget: $part: $size bytes with brotli, $(($(wc -c <"$file"))) without; the budget is $(sed -n "s/^$part //p" $BUDGET)"
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
