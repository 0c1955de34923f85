#!/bin/sh
# Runs every test there is. Goes on after a failure and names all failures at the end.
set -u
cd "$(dirname "$0")/.." || exit 1
# shellcheck source=scripts/env.sh
. scripts/env.sh

failed=

# step NAME COMMAND...
step() {
  name=$1
  shift
  echo
  echo "== $name"
  started=$(date +%s)
  if "$@"; then
    echo "== $name: ok ($(($(date +%s) - started)) s)"
  else
    echo "== $name: FAILED ($(($(date +%s) - started)) s)"
    failed="$failed\n  $name"
  fi
}

clippy() {
  cargo clippy --quiet --locked "$@" -- -D warnings
}

clippy_wasm() {
  (
    export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS="$SPLIT_RUSTFLAGS"
    clippy --target wasm32-unknown-unknown --no-default-features --features "$1"
  )
}

# Known vulnerabilities, in a database that has to be fetched first: where that cannot be, this is said at the end again.
advisories() {
  # macOS has no timeout(1).
  if perl -e 'alarm 120; exec @ARGV' cargo deny --log-level error fetch db 2>target/advisories.log; then
    cargo deny --log-level error check advisories
  else
    tail -3 target/advisories.log >&2
    without_advisories="SKIPPED: known vulnerabilities: the database (github.com/rustsec/advisory-db) cannot be fetched"
    echo "$without_advisories" >&2
  fi
}

# What the fuzzer runs is linted with the tests that include it; what is left of it is a line for each target.
format() {
  cargo fmt --check && cargo fmt --check --manifest-path fuzz/Cargo.toml
}

deny() {
  cargo deny --locked --manifest-path "$1" --config deny.toml --log-level error check bans licenses sources
}

without_advisories=
mkdir -p target
step "format" format
step "licences, sources, bans" deny Cargo.toml
step "licences, sources, bans: fuzz" deny fuzz/Cargo.toml
step "known vulnerabilities" advisories

# What other configurations compile is a part of the architecture: the core stands alone.
step "lint: core alone" clippy --no-default-features
step "lint: host" clippy --all-targets --features cli,ssr,browser-tests
if [ -z "$(noted_toolchain wasm)" ]; then
  step "lint: page" clippy_wasm web
  step "lint: worker" clippy_wasm worker
else
  echo "SKIPPED: lints of the page and the worker: the toolchain with their target has no clippy of the pinned version" >&2
fi

step "build the page" scripts/build.sh
# One build for everything that runs on this machine: the core, the command line, rendered components, the browser.
# The runner keeps what passing tests say to itself unless told otherwise, and a skipped test passes.
run_tests() {
  {
    cargo test --quiet --locked --no-fail-fast --features cli,ssr,browser-tests -- --show-output
    echo $? >target/tests.status
  } 2>&1 | tee target/tests.log
  return "$(cat target/tests.status)"
}
step "tests" run_tests

echo
if { echo "$without_advisories" && cat target/tests.log; } | grep "SKIPPED" | sed 's/^.*SKIPPED/SKIPPED/' | sort | uniq -c | grep .; then
  echo
fi
if [ -n "$failed" ]; then
  printf 'FAILED:%b\n' "$failed"
  exit 1
fi
echo "All tests passed."
