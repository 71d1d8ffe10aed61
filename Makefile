# The AI Factory, Checked. `make` alone lists what there is to make.
#
# Everything runs from .venv, which make fills from the hashed locks. What is already there is not
# installed again: the copies of the locks in .venv/.installed say what it holds, by content, as a
# checkout resets file times.

PYTHON ?= python3
JOBS ?= 2
PORT ?= 8000

BIN := .venv/bin
TOOLS := .venv/tools/bin
DONE := .venv/.installed
RUN := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python
BOOK := $(BIN)/jupyter-book build . -W --keep-going -n
INDEX := _build/html/index.html
# In the order of their names: xdist would keep modules of few tests, the longest, for the end, when
# one of the processes has nothing left to do. The chapters come last, each of much the same length.
# One process more than there are jobs: tests of pages wait for their browser a third of the time.
TEST := $(RUN) -m pytest -n $$(( $(JOBS) + 1 )) --dist loadscope --no-loadscope-reorder

# Compiled modules are kept, whatever the environment says: each kernel and test worker would compile
# all libraries again.
export PYTHONDONTWRITEBYTECODE :=
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Axes of time are drawn in local time: one time everywhere.
export TZ := UTC

.DEFAULT_GOAL := help
.PHONY: help book pdf epub serve execute run refresh new test coverage lint lock bench attack audit verify reproduce licences sbom audit-packages clean venv deps-book deps-full deps-tools site

help: ## list what there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' Makefile

# --- for readers ----------------------------------------------------------------------------------

book: deps-book site ## build the site from the stored outputs
	@echo "Open $(INDEX) in a browser, or run: make serve"

pdf: deps-full ## print the whole book to _build/ai-factory-checked.pdf; needs a Chromium
	@$(RUN) -m aifactory.publish pdf

epub: deps-book ## pack the whole book into _build/ai-factory-checked.epub
	@$(RUN) -m aifactory.publish epub

serve: deps-book ## show the site at http://127.0.0.1:8000 and rebuild it on every change [PORT=8000]
	@$(BIN)/jupyter-book config sphinx . > /dev/null
	@if cmp -s requirements.txt $(DONE)/requirements.txt; then \
	  set -- --ignore "notebooks/*.ipynb" --pre-build "$(BIN)/python -m aifactory execute"; fi; \
	$(RUN) -m sphinx_autobuild . _build/live -q --port $(PORT) \
	  --ignore conf.py --ignore book/references.bib --ignore _build --ignore tests "$$@"

execute: deps-full ## run the chapters that changed and store their outputs [CHAPTER=power]
	@$(RUN) -m aifactory execute $(CHAPTER)

run: deps-full ## run one chapter with your numbers and print its verdicts: CHAPTER=power [SCENARIO=colossus-1]
	@test -n "$(CHAPTER)" || { echo "Say which chapter: make run CHAPTER=power" >&2; exit 2; }
ifdef SCENARIO
	@$(RUN) -m aifactory what-if --scenario "$(SCENARIO)" --chapter "$(CHAPTER)"
else
	@$(RUN) -m aifactory data lock
	@$(RUN) -m aifactory execute $(CHAPTER)
	@$(RUN) -m aifactory verdicts --chapter $(CHAPTER)
	@$(MAKE) --no-print-directory site
	@echo "Open _build/html/notebooks/$(subst -,_,$(CHAPTER)).html; git diff shows what moved."
endif

# --- for contributors -----------------------------------------------------------------------------

new: deps-full ## start a chapter from the rows of data/claims.csv: CHAPTER=cooling
	@test -n "$(CHAPTER)" || { echo "Say which chapter: make new CHAPTER=cooling" >&2; exit 2; }
	@$(RUN) -m aifactory new $(CHAPTER)

refresh: deps-full ## fetch upstream data anew and take what changed into data/ [SOURCE=henry-hub-monthly] [DRY_RUN=1]
	@$(RUN) -m aifactory refresh $(if $(DRY_RUN),--dry-run) $(SOURCE)

test: deps-full ## everything: style, types, tests, every chapter run afresh, the site
	@$(MAKE) --no-print-directory -j $(JOBS) lint site
	$(TEST) --nbval --nbval-current-env tests notebooks

# Apart from make test, since tracing each line makes the models' tests half as slow again.
coverage: deps-full site ## which lines of the package no test runs
	$(TEST) --cov=aifactory --cov-report=term:skip-covered tests

lint: deps-full ## style and types alone
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m mypy

LOCK := -m uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
  -q --custom-compile-command "make lock"

lock: venv ## pin all packages and tools again, with hashes
	$(BIN)/python $(LOCK) requirements.in -o requirements.txt
	$(BIN)/python $(LOCK) requirements-book.in -c requirements.txt -o requirements-book.txt
	$(BIN)/python $(LOCK) requirements-tools.in -o requirements-tools.txt
	$(BIN)/python $(LOCK) requirements-uv.in -o requirements-uv.txt
	sha256sum requirements*.txt > requirements.sha256

bench: deps-full site ## measure times, sizes and memory beside peers, and store the table [ONLY=ensemble] [QUICK=1]
	@$(RUN) -m bench $(if $(ONLY),--only $(ONLY)) $(if $(QUICK),--quick)

attack: deps-full ## plant faults in a copy, and see which check catches each [SAMPLE=100] [KIND=unit] [SEED=7]
	@$(RUN) -m tests.campaign $(if $(SAMPLE),--sample $(SAMPLE)) $(if $(KIND),--kind "$(KIND)") $(if $(SEED),--seed $(SEED))

audit: deps-full site ## every page in both themes at two widths with axe-core: accessible, quiet, self-contained
	@$(RUN) bench/audit.py

verify: $(if $(filter http%,$(SITE)),deps-full,deps-book) $(if $(BUILD),site) ## check a site against its manifest: SITE=URL or folder [BUILD=1: and against a build here]
	@$(RUN) -m aifactory verify "$(or $(SITE),_build/html)" $(if $(BUILD),--build _build/html)

reproduce: deps-book ## build the site twice, under unlike circumstances, and compare every byte [COMMIT=HEAD]
	@$(RUN) bench/reproduce.py $(COMMIT)

licences: deps-full ## list the licences of all pinned packages anew
	@$(RUN) -m aifactory.licences

sbom: deps-full deps-tools ## what the locks install, as a CycloneDX bill of materials in _build/sbom.json
	@mkdir -p _build
	$(TOOLS)/cyclonedx-py environment .venv \
	  --output-reproducible --output-format JSON -o _build/sbom.json

audit-packages: deps-tools ## ask the public advisories about every pinned package; needs the network
	$(TOOLS)/pip-audit -r requirements.txt --require-hashes --disable-pip

clean: ## remove what was built (not .venv)
	rm -rf _build build dist aifactory.egg-info .coverage .pytest_cache .mypy_cache .ruff_cache

# --- set-up ---------------------------------------------------------------------------------------

site: deps-book
	@echo "Building the site"
	@if [ -t 1 ]; then $(BOOK); else $(BOOK) -q > /dev/null; fi

venv:
	@test -x $(BIN)/python || { \
	  command -v $(PYTHON) >/dev/null 2>&1 || { echo "$(PYTHON) is missing: install Python 3.11 or later (Debian: apt install python3 python3-venv), or name one: make PYTHON=python3.12 …" >&2; exit 1; }; \
	  $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$(PYTHON) is too old, $$($(PYTHON) -V 2>&1): install Python 3.11 or later, or name one: make PYTHON=python3.12 …" >&2; exit 1; }; \
	  $(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "$(PYTHON) cannot make virtual environments: install its venv module (Debian: apt install python3-venv)." >&2; exit 1; }; \
	  echo "Making .venv"; \
	  $(PYTHON) -m venv .venv || { rm -rf .venv; exit 1; }; }
	@$(BIN)/python -c 'import uv' 2>/dev/null || $(BIN)/python -m pip install -qq --require-hashes -r requirements-uv.txt

# INSTALL LOCK: install a lock unless it is in already, then the book's own package.
define INSTALL
	@mkdir -p $(DONE)
	@cmp -s $(1) $(DONE)/$(1) || { \
	  echo "Installing $(1) (once)"; \
	  $(BIN)/python -m uv pip install -q --python $(BIN)/python --require-hashes -r $(1) && \
	  cp $(1) $(DONE)/$(1); }
	@{ pwd; cat pyproject.toml; } | cmp -s - $(DONE)/project || { \
	  $(BIN)/python -m uv pip install -q --python $(BIN)/python --no-deps --no-build-isolation -e . && \
	  { pwd; cat pyproject.toml; } > $(DONE)/project; }
endef

# ANDES writes code for its device models at first use: once here, not in every kernel at the same time.
deps-full: venv
	$(call INSTALL,requirements.txt)
	@cmp -s requirements.txt $(DONE)/andes-code || { \
	  $(BIN)/python -c 'from aifactory.models.power import island_andes as i; i.code_folder()' && \
	  cp requirements.txt $(DONE)/andes-code; }

deps-tools: venv
	@cmp -s requirements-tools.txt .venv/tools/installed || { \
	  $(BIN)/python -m uv venv -q --clear .venv/tools && \
	  $(BIN)/python -m uv pip install -q --python $(TOOLS)/python --require-hashes -r requirements-tools.txt && \
	  cp requirements-tools.txt .venv/tools/installed; }

deps-book: venv
	@if cmp -s requirements.txt $(DONE)/requirements.txt; then :; else \
	  $(MAKE) --no-print-directory install-book; fi

.PHONY: install-book
install-book:
	$(call INSTALL,requirements-book.txt)
