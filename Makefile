.DEFAULT_GOAL := help
.PHONY: help demo test check fix lint types redaction-quality redaction-chunks watermark-quality bench wheel engines oscal lock interop fuzz faults
VENV := .venv
BIN := $(VENV)/bin
PYTEST := PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 $(BIN)/python -m pytest -p _hypothesis_pytestplugin

help:            ## Show this text
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  %-8s %s\n", $$1, $$2}' Makefile
demo:            $(VENV)/demo ## A real release from files to verdict and reports (ARGS=--keep keeps its folder)
	@$(BIN)/python examples/demo.py $(ARGS)
test:            $(VENV)/dev $(VENV)/demo $(VENV)/apt ## All tests; pass ARGS=... to pytest
	$(PYTEST) -q $(ARGS)
check:           lint types test ## Everything: lint, types, layers, tests
fix:             $(VENV)/dev ## Format, and write what is generated
	$(BIN)/ruff check -q --fix-only . ; $(BIN)/ruff format -q . && $(BIN)/python tools/schemas.py && $(BIN)/cog -r README.md
lint:            $(VENV)/dev ## Format, lint, layers, generated files
	$(BIN)/ruff format -q --check . && $(BIN)/ruff check -q . && $(BIN)/lint-imports --no-cache --no-logo >/dev/null || { $(BIN)/ruff check . ; $(BIN)/ruff format --check . ; $(BIN)/lint-imports --no-cache; exit 1; }
	$(BIN)/python tools/schemas.py --check && $(BIN)/cog --check README.md
types:           $(VENV)/dev ## mypy, strict
	$(BIN)/mypy
bench:           $(VENV)/dev ## The figures: ratios against named baselines, in one run
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --require-hashes -r requirements/demo.lock
	$(BIN)/python -m tools.bench $(ARGS)
watermark-quality: $(VENV)/dev $(VENV)/demo ## Measure the mark with a real model; writes docs/watermark-quality.md
	$(BIN)/python -m tools.quality
interop:         $(VENV)/dev ## Against cosign, Rekor, sigstore-js, model-signing and real registries
	@tools/interop.sh
	INTEROP=1 $(PYTEST) -q -rs -s tests/interop $(ARGS)
faults:          $(VENV)/dev $(VENV)/apt ## Break the ledger: kills, I/O errors, lost power, crashed servers (minutes)
	FAULTS=long $(PYTEST) -q tests/faults $(ARGS)
fuzz:            $(VENV)/dev ## Fuzz every reader of foreign bytes (ARGS="TARGET SECONDS"; needs a wheel of atheris)
	$(BIN)/python -m pip install -q --disable-pip-version-check --only-binary :all: atheris==3.0.0
	$(BIN)/python -W ignore -m tests.fuzz $(ARGS)
wheel:           $(VENV)/dev ## Build the wheel and run the demo from it in an empty environment
	@tools/wheel.sh
engines:         .venv-engines/ready ## The adapters for transformers and vLLM, with torch in an environment of its own
	.venv-engines/bin/python -m pytest -q --noconftest -c /dev/null --rootdir=. -p no:cacheprovider tests/engines $(ARGS)
oscal:           .venv-oscal/ready ## The OSCAL exports, checked by an independent reader in its own environment
	$(BIN)/python -m tests.integration.report.check_oscal .venv-oscal/bin/python
redaction-quality: $(VENV)/dev ## Score the redactor on labelled texts (ARGS=FOLDER) into docs/redaction-quality.md
	$(BIN)/python -m tools.redaction_quality $(ARGS)
redaction-chunks: $(VENV)/dev ## Cut event streams in more than 10,000 ways, whole pipeline
	CHUNKINGS=1700 $(PYTEST) -q tests/unit/gateway/test_events.py
lock:            $(VENV)/dev ## Write requirements/*.lock from pyproject.toml (needs uv)
	tools/lock.sh

$(VENV)/apt: requirements/apt.txt tools/apt.sh | $(VENV)/dev
	@tools/apt.sh requirements/apt.txt && touch $@
$(VENV)/base: requirements/base.lock pyproject.toml tools/bootstrap.sh
	@tools/bootstrap.sh $(VENV) requirements/base.lock && touch $@
$(VENV)/dev: requirements/dev.lock pyproject.toml tools/bootstrap.sh
	@tools/bootstrap.sh $(VENV) requirements/dev.lock && touch $@ $(VENV)/base
$(VENV)/demo: $(VENV)/base requirements/demo.lock requirements/demo-apt.txt
	@tools/apt.sh requirements/demo-apt.txt
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --require-hashes -r requirements/demo.lock && touch $@
.venv-engines/ready: pyproject.toml | $(VENV)/dev
	@$(BIN)/python -m venv .venv-engines && .venv-engines/bin/python -m pip install -q --disable-pip-version-check -e '.[watermark]' pytest torch==2.13.0 transformers==5.24.0 && touch $@
.venv-oscal/ready: requirements/oscal.lock $(VENV)/dev
	@$(BIN)/python -m venv .venv-oscal && .venv-oscal/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r $< && touch $@
