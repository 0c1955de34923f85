#!/bin/sh
# Measures what reading large archives takes of memory in Chromium, and prints the table of docs/memory.md: `scripts/measure-memory.sh`.
# Takes some minutes and 3 GB of disk in the temporary folder. Needs Linux, and `make build` before.
set -eu
cd "$(dirname "$0")/.."
# shellcheck source=scripts/env.sh
. scripts/env.sh

cargo test --quiet --locked --no-default-features --features browser-tests --test browser -- --ignored --exact memory::numbers --nocapture
