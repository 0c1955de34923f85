#!/bin/sh
# Fuzzes for a minute each: `scripts/fuzz.sh [TARGET...]`, every target by default; FUZZ_SECONDS=600 takes longer.
#
# It begins with fuzz/seeds/TARGET, and what it has come upon before in fuzz/corpus/TARGET. An input that fails is left
# in fuzz/artifacts/TARGET; it goes to fuzz/seeds/TARGET with what mends it, and `make test` runs it from then on.
set -eu
cd "$(dirname "$0")/.."
# shellcheck source=scripts/env.sh
. scripts/env.sh

seconds=${FUZZ_SECONDS:-60}
# shellcheck disable=SC2046 # a list of names
[ $# -gt 0 ] || set -- $(sed -n 's/^path = "fuzz_targets\/\(.*\)\.rs"/\1/p' fuzz/Cargo.toml)

# The stable compiler does what is asked of it here if told that it may.
export RUSTC_BOOTSTRAP=1
failed=
for target in "$@"; do
  echo
  echo "== fuzz $target ($seconds s)"
  mkdir -p "fuzz/corpus/$target"
  # No sanitizer: this project's code is all safe, and an address sanitizer would only cost speed and memory. Overflows
  # are found all the same: cargo-fuzz turns debug assertions on.
  if cargo fuzz run --sanitizer none --target-dir target/fuzz "$target" "fuzz/corpus/$target" "fuzz/seeds/$target" -- \
    -max_total_time="$seconds" -rss_limit_mb=4096 -timeout=30 -print_final_stats=1 -verbosity=0; then
    echo "== fuzz $target: ok"
  else
    echo "== fuzz $target: FAILED"
    failed="$failed $target"
  fi
done
[ -z "$failed" ] || {
  echo "FAILED:$failed" >&2
  exit 1
}
