# Everything starts here. Needed first: Python 3.11 or newer with pip and venv, and make.
PY      ?= python3
VENV    ?= .venv
PORT    ?= 8000
# uv is ten times faster; `make run INSTALL=pip` takes the same locks where only pip has a registry.
INSTALL ?= uv

BIN := $(VENV)/bin
export VIRTUAL_ENV := $(abspath $(VENV))
# The second start reads compiled code; without it every start compiles 2 s long.
unexport PYTHONDONTWRITEBYTECODE

# uv does not read pip's configuration: hand it over at run time, so that no registry address is
# ever written into this repository. What the caller has set for uv wins.
pip_config = $(BIN)/python -m pip --disable-pip-version-check config list 2>/dev/null | \
  sed -n -E "s/^(global|install|:env:)\.$(1)='(.*)'$$/\2/p" | tail -n 1
define uv_env
if [ -z "$${UV_DEFAULT_INDEX:-}$${UV_INDEX_URL:-}" ]; then \
  index="$$($(call pip_config,index-url))"; \
  if [ -n "$$index" ]; then export UV_DEFAULT_INDEX="$$index"; fi; \
fi; \
if [ -z "$${SSL_CERT_FILE:-}" ]; then \
  cert="$$($(call pip_config,cert))"; \
  if [ -f "$$cert" ]; then export SSL_CERT_FILE="$$cert"; fi; \
fi
endef

# $(call lock,NAME): what requirements/NAME.lock names; for the developers, and nothing else.
ifeq ($(INSTALL),pip)
pip_install = $(BIN)/python -m pip install --quiet --disable-pip-version-check
lock     = $(pip_install) --require-hashes -r requirements/$(1).lock
editable = $(pip_install) --no-deps --no-build-isolation --editable .
else
lock     = $(uv_env); $(BIN)/uv pip $(if $(filter dev,$(1)),sync,install) --quiet \
  --require-hashes $(if $(filter dev,$(1)),,-r) requirements/$(1).lock
editable = $(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
endif

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run seed test check contract story bench chaos docs \
        fmt lint type arch deps sql fresh contract-diff release-contract migration cover lock image clean

help: ## show this list
	@awk 'BEGIN { FS = ":.*## " } \
	  /^##@/ { printf "\n%s\n", substr($$0, 5) } \
	  /^[a-z-]+:.*## / { printf "  %-15s %s\n", $$1, $$2 }' Makefile
	@printf '\nSettings: PORT=%s  PY=%s  VENV=%s  INSTALL=uv|pip  T=tests/path\n' \
	  '$(PORT)' '$(PY)' '$(VENV)'

# ------------------------------------------------------------------------------- environment

$(BIN)/uv: requirements/installer.lock
	@$(PY) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 or newer is needed: make $(MAKECMDGOALS) PY=/path/to/python3.x"; exit 1; }
	@test -x $(BIN)/python || $(PY) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes \
	  -r requirements/installer.lock
	@touch $@

# Dependencies and package have a stamp each: an edit of pyproject.toml installs in half a second.
$(VENV)/.deps-run: $(BIN)/uv requirements/run.lock
	@$(call lock,run)
	@touch $@

$(VENV)/.run: $(VENV)/.deps-run pyproject.toml
	@$(editable)
	@touch $@

$(VENV)/.deps-dev: $(BIN)/uv requirements/dev.lock
	@$(call lock,dev)
	@touch $(VENV)/.deps-run $@

$(VENV)/.dev: $(VENV)/.deps-dev pyproject.toml
	@$(editable)
	@touch $(VENV)/.run $@

##@ Use it
run: $(VENV)/.run ## serve the seeded demo on a local PostgreSQL (PORT=8000)
	@exec $(BIN)/integration-api serve --demo --with-worker --port $(PORT)

seed: $(VENV)/.run ## put the demo story back to its first day
	@$(BIN)/integration-api seed demo --reset

story: $(VENV)/.dev ## walk the story against the demo on PORT, starting one if none answers
	@$(BIN)/python tools/story.py --port $(PORT)

##@ Prove it
test: $(VENV)/.dev ## run every test, or those of T=tests/path
	@$(BIN)/python -m pytest -q $(T)

check: lint type arch deps sql fresh contract-diff ## everything that needs no running test: one gate

contract: $(VENV)/.dev ## the contract seen from outside: linters, clients, browser (needs Node)
	@tools/contract/run.sh

bench: $(VENV)/.dev ## measure against the limit programme, write bench/results/latest.json
	@$(BIN)/python bench/run.py

chaos: $(VENV)/.dev ## what is killed, delayed and raced, one line a row (ROW=feed runs one)
	@$(BIN)/python tools/chaos.py $(ROW)

cover: $(VENV)/.dev ## run the tests and show the lines and branches that none reaches
	@$(BIN)/python -m pytest -q --cov --cov-report=term $(T)

##@ Work on it
fmt: $(VENV)/.dev ## format the code and apply the safe fixes
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format .

lint: $(VENV)/.dev ## format and lint rules, changing nothing
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .

type: $(VENV)/.dev ## types
	@$(BIN)/mypy --strict src tests tools examples/sync-client/sync_client

arch: $(VENV)/.dev ## who may import whom
	@PYTHONPATH=src $(BIN)/lint-imports --no-cache

deps: $(VENV)/.dev ## every dependency is used, everything used is a dependency
	@$(BIN)/deptry --no-ansi src

sql: $(VENV)/.dev ## the SQL of the migrations, as squawk sees it
	@$(BIN)/integration-api migrate --sql > $(VENV)/migrations.sql
	@test -s $(VENV)/migrations.sql || { echo "the migrations printed no SQL"; exit 1; }
	@$(BIN)/squawk $(VENV)/migrations.sql

fresh: $(VENV)/.dev ## generated files equal what the code generates
	@$(BIN)/integration-api openapi check
	@$(BIN)/python tools/check_fresh.py

contract-diff: $(VENV)/.dev ## no breaking change against the released contract
	@$(BIN)/python tools/contract_diff.py \
	  "openapi/released/$$(cat openapi/released/LATEST).yaml" openapi/openapi.yaml

docs: $(VENV)/.dev ## write the generated pages: contract, drawings, settings
	@$(BIN)/integration-api openapi export
	@$(BIN)/python tools/generate_docs.py write

release-contract: $(VENV)/.dev ## freeze the contract under its version, the last step before a release
	@$(BIN)/python tools/release_contract.py

migration: $(VENV)/.dev ## begin a migration: make migration m="what it does"
	@test -n "$(m)" || { echo 'say what it does: make migration m="add waiting times"'; exit 2; }
	@last=$$(ls migrations/versions | sed -n -E 's/.*_([0-9]{4})_.*/\1/p' | sort -n | tail -n 1); \
	word=$$(printf '%s' "$(m)" | tr '[:upper:]' '[:lower:]' | tr -cs 'a-z0-9' '_'); \
	$(BIN)/alembic revision -m "$(m)" --rev-id "$$(printf '%04d' $$((1$${last:-0000} - 9999)))_$$word"

lock: $(VENV)/.dev ## resolve requirements/*.lock anew (a commit of its own, with a full run)
	@$(uv_env); compile="$(BIN)/uv pip compile --quiet --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-emit-find-links --no-header $(UPGRADE)"; \
	$$compile --extra localdb --group dev pyproject.toml -o requirements/dev.lock && \
	$$compile --extra localdb -c requirements/dev.lock pyproject.toml -o requirements/run.lock && \
	$$compile -c requirements/dev.lock pyproject.toml -o requirements/image.lock && \
	$$compile -c requirements/dev.lock requirements/installer.in -o requirements/installer.lock && \
	$$compile requirements/contract.in -o requirements/contract.lock

image: ## build the container image (needs a container engine)
	@$${ENGINE:-docker} build --tag integration-api:local .

clean: ## remove the environment and every cache; var/ with the demo data stays
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage htmlcov dist
	@find src tests tools migrations -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true
