#!/bin/sh
# Builds the command line with the page of dist/ inside, for `layerscope serve`.
set -eu
cd "$(dirname "$0")/.."
# shellcheck source=scripts/env.sh
. scripts/env.sh

cargo build --locked --release --no-default-features --features cli,embed --bin layerscope
echo "gateway: ${CARGO_TARGET_DIR:-target}/release/layerscope serve"
