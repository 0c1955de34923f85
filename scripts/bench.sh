#!/bin/sh
# Measures the page and the command line beside dive, skopeo and the system's own tools, on archives made here, and prints one
# table: `make bench`. It is written to target/bench/table.md as well.
#
#   BENCH_RUNS=3        runs of each tool on each archive, of which the median counts (5); some archives have fewer
#   BENCH_ONLY=gzip     these archives alone: plain gzip large zstd layers small hollow; pull for the gzip one out of a registry
#
# Needs Linux, 6 GB of disk under target/, and a machine that does nothing else.
set -eu
cd "$(dirname "$0")/.."
# shellcheck source=scripts/env.sh
. scripts/env.sh

target=${CARGO_TARGET_DIR:-target}
cargo build --quiet --locked --release --no-default-features --features cli --bin layerscope --example make_archive
LAYERSCOPE_BENCH_CLI=$PWD/$target/release/layerscope
case $target in /*) LAYERSCOPE_BENCH_CLI=$target/release/layerscope ;; esac
export LAYERSCOPE_BENCH_CLI

# The archives are kept for as long as the code that makes them stays the same.
mkdir -p target/bench
makers=$(cat src/fixture/big.rs src/fixture/pack.rs examples/make_archive.rs | cksum)
[ "$(cat target/bench/makers 2>/dev/null)" = "$makers" ] || {
  rm -f target/bench/*.tar
  echo "$makers" >target/bench/makers
}

# archive NAME KIND SIZE
archive() {
  case " ${BENCH_ONLY:-$1} " in *[\ ,]"$1"[\ ,]*) ;; *) return 0 ;; esac
  [ ! -f "target/bench/$1.tar" ] || return 0
  echo "bench: making target/bench/$1.tar" >&2
  "$target/release/examples/make_archive" "$2" "$3" "target/bench/$1.tar.new"
  mv "target/bench/$1.tar.new" "target/bench/$1.tar"
}
archive plain plain 1000
# dive, which reads no zstd, is given the gzip archive in its place; pulled is the image of the same.
case "${BENCH_ONLY:-}" in *zstd* | *pull*) (BENCH_ONLY=gzip && archive gzip gzip 850) ;; *) archive gzip gzip 850 ;; esac
archive large large 1000
archive zstd zstd 850
archive layers layers 127
archive small small 1000000
archive hollow hollow 10000

# With the features of `make test`: it is not compiled twice.
cargo test --quiet --locked --features cli,ssr,browser-tests --test browser -- --ignored --exact bench::table --nocapture
