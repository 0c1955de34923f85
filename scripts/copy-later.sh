#!/bin/sh
# Puts the code that is called later (scripts/split-wasm.mjs) beside the page. Trunk runs this after each build.
set -eu
[ ! -d target/later ] || cp target/later/*.wasm "${TRUNK_STAGING_DIR:?}"
