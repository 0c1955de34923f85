#!/bin/sh
# Puts the code that is called later (scripts/split-wasm.mjs) beside the page. Trunk runs this after each build; only that of
# `make build` splits.
set -eu
[ -z "${LAYERSCOPE_WASM_BINDGEN:-}" ] || cp target/later/*.wasm "${TRUNK_STAGING_DIR:?}"
