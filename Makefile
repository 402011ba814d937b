# Needs python3 >= 3.11 and make; everything else is set up on first use, inside this folder.
UV := $(shell command -v uv || echo .uv/bin/uv)
SERVE := $(UV) run --frozen --no-default-groups
WORK := $(UV) run --frozen
TEST := $(WORK) pytest --numprocesses auto --dist loadfile --no-loadscope-reorder

.PHONY: run test test-all check train report release site docs bench profile reliability fuzz audit release-files image dist/sbom.cdx.json help
help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

run: $(UV)  ## serve the released models on http://127.0.0.1:8080
	$(SERVE) python -m service

# Where it is set, as containers often have it, each of the hundreds of processes that tests start compiles its imports anew.
test test-all: export PYTHONDONTWRITEBYTECODE =

test: $(UV)  ## run the quick tests: about four minutes on two cores
	$(TEST) -m "not slow"

test-all: $(UV)  ## run all tests, whole trainings, faults, containers and every screen among them: a quarter of an hour
	$(TEST)

check: $(UV)  ## formatting, lint, types, and which room imports which
	$(WORK) ruff format --check
	$(WORK) ruff check
	$(WORK) mypy
	$(WORK) lint-imports

train: $(UV)  ## train and probe what has no record in training/runs yet
	$(WORK) python -m training run
	$(WORK) python -m training probe

release: $(UV)  ## export the trained models into models/ and write the report
	$(WORK) python -m training release

report: $(UV)  ## write the report anew from the finished runs, in models/, training/RESULTS.md and the README
	$(WORK) python -m training report

site: $(UV)  ## write page, report and model cards into site/, for any web space; SERVICE=URL takes photos
	$(SERVE) python -m service.site_export site $(if $(SERVICE),--service $(SERVICE))

docs: $(UV)  ## write the generated parts of the pages in docs/
	$(WORK) python -m docs

bench: $(UV)  ## measure start-up and requests, and write docs/performance.md
	$(WORK) python -m benchmarks
	$(WORK) python -m docs

profile: $(UV)  ## show where the time of a request goes, of one PNG on /predict
	$(WORK) python -m benchmarks.speed.profile

reliability: $(UV)  ## the long fault, overload, hostile and soak runs: over an hour
	$(WORK) python -m benchmarks.reliability.faults
	$(WORK) python -m benchmarks.reliability.overload
	$(WORK) python -m benchmarks.reliability.hostile
	$(WORK) python -m benchmarks.reliability.slow_clients
	$(WORK) python -m benchmarks.reliability.multi_model
	$(WORK) python -m benchmarks.reliability.soak
	$(WORK) python -m docs

fuzz: $(UV)  ## fuzz each reader of strangers' bytes for SECONDS (1800), going on from the corpus
	for target in picture plain_png json json_lines csv npy; do \
		$(WORK) python -m benchmarks.reliability.fuzz $$target --seconds $(or $(SECONDS),1800) || exit 1; done

audit: $(UV) dist/sbom.cdx.json  ## known vulnerabilities in what serving needs, and its parts list (CycloneDX), into dist/
	$(UV) export --quiet --frozen --no-default-groups --no-emit-project --output-file dist/requirements.txt
	$(UV) tool run pip-audit --requirement dist/requirements.txt --require-hashes --disable-pip

dist/sbom.cdx.json: $(UV)
	mkdir -p dist
	$(UV) export --quiet --frozen --no-default-groups --format cyclonedx1.5 --output-file dist/sbom.cdx.json

VERSION = $(shell sed -n 's/^__version__ = "\(.*\)"/\1/p' service/__init__.py)
REVISION = $(shell git rev-parse HEAD 2>/dev/null)

release-files: $(UV) dist/sbom.cdx.json  ## what a release carries: model.tar.gz, the parts list, the contract suite, checksums, into dist/
	tar --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 -C models -c . | gzip -n > dist/model.tar.gz
	$(UV) build --quiet --wheel --out-dir dist tests/contract
	cd dist && sha256sum model.tar.gz sbom.cdx.json sagemaker_contract-*.whl > SHA256SUMS

image: ## build the serving image; PLATFORM=linux/arm64 for Graviton
	docker build --platform $(or $(PLATFORM),linux/amd64) --tag exploring-convolutional-layers \
		--build-arg VERSION=$(VERSION) --build-arg REVISION=$(REVISION) .

.uv/bin/uv:
	@python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "error: python3 must be 3.11 or newer"; exit 1; }
	@python3 -m venv .uv && .uv/bin/python -m pip install --quiet uv || \
		{ rm -rf .uv && python3 -m pip install --quiet --target .uv uv; } || \
		{ rm -rf .uv; echo "error: could not install uv with python3's venv or pip; install uv yourself and try again"; exit 1; }
