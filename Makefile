# Two commands matter: `make serve` and `make test`. Each sets up what is missing first; see scripts/setup.sh.
.PHONY: help serve gateway test bench fuzz setup build clean
.DEFAULT_GOAL := help

PORT ?= 8080

help:
	@echo "make serve   set up what is missing, build the page, serve it on 127.0.0.1:$(PORT)"
	@echo "make gateway build the command line with the page inside: layerscope serve"
	@echo "make test    set up what is missing, run every test"
	@echo "make bench   set up what is missing, measure beside dive, skopeo and others (BENCH_RUNS, BENCH_ONLY)"
	@echo "make fuzz    set up what is missing, fuzz every target for FUZZ_SECONDS (60)"
	@echo "make build   set up what is missing, build the page into dist/"
	@echo "make setup   set up what is missing for all of them"
	@echo "make clean   remove what was built"

serve: build
	@scripts/serve.sh $(PORT)

gateway: build
	@scripts/gateway.sh

test:
	@scripts/setup.sh build test
	@scripts/test.sh

bench: build
	@scripts/setup.sh test
	@scripts/bench.sh

fuzz:
	@scripts/setup.sh fuzz
	@scripts/fuzz.sh

build:
	@scripts/setup.sh build
	@scripts/build.sh

setup:
	@scripts/setup.sh build test

clean:
	rm -rf dist target
