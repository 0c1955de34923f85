#!/bin/sh
# Serves dist/ on 127.0.0.1: `scripts/serve.sh [PORT]`.
set -eu
cd "$(dirname "$0")/.."
# shellcheck source=scripts/env.sh
. scripts/env.sh

cargo build --quiet --locked --no-default-features --features cli,serve --bin layerscope
# In place of this shell, so that it gets the signals.
exec "${CARGO_TARGET_DIR:-target}/debug/layerscope" serve --port "${1:-8080}" --page dist
