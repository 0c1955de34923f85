#!/bin/sh
# Serves dist/ on 127.0.0.1: `scripts/serve.sh [PORT]`.
set -eu
cd "$(dirname "$0")/.."
# shellcheck source=scripts/env.sh
. scripts/env.sh

cargo build --quiet --locked --no-default-features --features serve --example serve
# In place of this shell, so that it gets the signals.
exec "${CARGO_TARGET_DIR:-target}/debug/examples/serve" "${1:-8080}" dist
