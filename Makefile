# Orrery. `make check` runs the main job, `make test` every test; both need Go and gcc and nothing else.
#
# What the real world needs besides Go's own output (runc, the containerd shim, the CNI plugins, kubectl, the programs of
# the test images) is built into bin/ from the modules that go.mod pins.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

BIN    := bin
SEED   ?= 1
TIME   ?=
BUG    ?=
FAULTS ?=
OUT    ?= out/check
FUZZTIME ?= 60s

# Packages whose tests start goroutines run under the race detector; models, checkers and the simulated world have none.
PLAIN := ./model/... ./checker/... ./impl/sim/... ./fuzz/simulation/... ./fuzz/exploration/... ./fuzz/actions/... .
RACE   = $$(go list ./impl/... ./fuzz/... | grep -v -e /impl/sim -e /fuzz/simulation -e /fuzz/exploration -e /fuzz/actions)

help: ## this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

gcc:
	@command -v gcc >/dev/null || { echo "orrery: gcc is not installed; runc is built with it (Debian: apt-get install gcc libc6-dev)" >&2; exit 1; }

build: gcc ## bin/orrery and all that it starts
	@echo "building $(BIN)/ (the first time takes some minutes)"; go run ./impl/host/tools/build $(BIN)

check: build ## the main job: a real cluster, hurt, recorded, judged (SEED=, TIME=, FAULTS=, BUG=, OUT=)
	$(BIN)/orrery check --seed $(SEED) --out $(OUT) $(if $(TIME),--time $(TIME)) $(if $(FAULTS),--faults $(FAULTS)) $(if $(BUG),--bug $(BUG))

test: lint build ## every test, the real world included where root
	go test $(PLAIN)
	go test -race -p 1 -timeout 20m $(RACE)

lint: ## gofmt, vet, staticcheck, tidy
	@unformatted=$$(gofmt -l main.go model impl checker fuzz); [ -z "$$unformatted" ] || { echo "gofmt would change:" $$unformatted >&2; exit 1; }
	go vet ./...
	go tool staticcheck ./...
	go mod tidy -diff

up: build ## a cluster to use with kubectl; Ctrl-C removes it
	$(BIN)/orrery up

museum: build ## every planted bug, each of which must be found, in the real world and in the simulated one
	$(BIN)/orrery museum --sim
	$(BIN)/orrery museum

soak: build ## simulated clusters for an hour (TIME=)
	$(BIN)/orrery sim --seeds 1000000000 --from $$(date +%s)000000 --time $(if $(TIME),$(TIME),1h) --out out/soak

# The packages whose files decide, and so with commas between them.
DECIDING := $$(go run ./fuzz/simulation/coverage packages)
COVERED  := $$(go run ./fuzz/simulation/coverage packages | tr ' ' ',')

coverage: ## which statements of the deciding files 2,000 seeds reach, which scripts and tests do, and which nothing does
	@mkdir -p out
	go test -run '^TestSeeds$$' -coverpkg=$(COVERED) -coverprofile=out/seeds.cover ./fuzz/simulation
	go test -coverpkg=$(COVERED) -coverprofile=out/tests.cover $(DECIDING) ./impl/apiserver ./impl/apiserver/web
	go test -run 'Script|Story' -coverpkg=$(COVERED) -coverprofile=out/scripts.cover ./fuzz/simulation
	go run ./fuzz/simulation/coverage out/seeds.cover out/tests.cover out/scripts.cover

fuzz: ## the fuzz targets, FUZZTIME= each (a minute)
	@for target in $$(go list -f '{{.Dir}}' ./impl/... ./checker/... ./fuzz/... | xargs grep -lsE '^func Fuzz' --include=*_test.go -r | sort -u); do \
		for name in $$(sed -nE 's/^func (Fuzz[A-Za-z0-9]*).*/\1/p' $$target); do \
			echo "$$name"; go test -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x "$$(dirname $$target)"; done; done

bench: build ## the measurements of the README
	$(BIN)/orrery bench

clean-host: ## whatever a killed run may have left: processes, namespaces, mounts, cgroups
	$(BIN)/orrery clean-host

clean:
	rm -rf $(BIN) out

.PHONY: help gcc build check test lint up museum soak coverage fuzz bench clean-host clean
