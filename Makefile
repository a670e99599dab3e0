# `make help` lists the targets. Everything runs in .venv, made from pinned requirements.
SHELL := /bin/sh
PYTHON ?= $(shell for p in python3.14 python3.13 python3.12 python3.11 python3 python; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	2>/dev/null && { echo $$p; break; }; done)
BIN := .venv/bin
DEV := .venv/.dev
.DEFAULT_GOAL := help

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 18

.venv/.run: requirements.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is missing: apt install python3 python3-venv" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo "The venv module is missing: apt install python3-venv" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing the packages of requirements.txt into .venv …"; began=$$(date +%s); \
	$(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check --require-hashes \
	-r requirements.txt && echo "Installed in $$(expr $$(date +%s) - $$began) s."
	@touch $@

$(DEV): .venv/.run requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

# Services may not write here: what Python compiled is made once, not at each of their starts.
.PHONY: install
install: .venv/.run ## install what `make run` does, and compile it, for services (docs/deploy.md)
	@$(BIN)/python -m compileall -q -j 0 .venv/lib app.py config.py gunicorn.conf.py costoptix migrations \
	&& echo "Compiled for $$($(BIN)/python --version)."

.PHONY: run
run: .venv/.run ## serve web and worker at http://127.0.0.1:8000
	@exec $(BIN)/flask --app app serve

.PHONY: demo
demo: .venv/.run ## the same on "Acme Cloud", with 13 months of made-up bills
	@exec $(BIN)/flask --app app serve --demo

.PHONY: test
test: $(DEV) ## run the whole suite on SQLite
	$(BIN)/pytest -n auto --dist loadfile

# What keeps its state in the SQL database; the rest says the same on either.
ON_POSTGRESQL := tests/access tests/api tests/cli tests/anomalies tests/budgets tests/web \
	tests/bills/intake tests/bills/ledger tests/frame $(wildcard tests/test_*.py)

.PHONY: test-postgresql
test-postgresql: $(DEV) ## run what keeps state in the SQL database on PostgreSQL
	TEST_DATABASE=postgresql $(BIN)/pytest -n auto --dist loadfile -m "not sqlite" $(ON_POSTGRESQL)

# chdb, polars and datafusion, which read the lake beside us: in an environment of their own.
ENGINES := .venv/.engines
$(ENGINES)/.installed: $(DEV) requirements-engines.txt
	@test -x $(ENGINES)/bin/python || $(BIN)/python -m venv $(ENGINES)
	$(ENGINES)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-engines.txt
	@touch $@

# The cases of tests/faults and tests/quota by the thousand, and what they counted: docs/proof.md.
.PHONY: prove
prove: $(DEV) $(ENGINES)/.installed ## kill, fill and damage at full counts (an hour and a half; docs/proof.md)
	@told=$$(mktemp) && export COSTOPTIX_PROVE=$$told COSTOPTIX_ENGINES=$(ENGINES)/bin/python && \
	$(BIN)/pytest -n auto --dist worksteal tests/faults tests/deploy tests/quota tests/lake/test_engines.py \
	tests/bills/ledger/test_importer.py tests/bills/ledger/test_undo.py tests/costs/test_laws.py \
	tests/web/costs/test_explorer.py tests/bills/read/test_mapping.py tests/e2e/test_every_page.py tests/test_canaries.py; \
	code=$$?; \
	$(BIN)/pytest -rs tests/ci/bare_debian.py || code=1; date -u +%F; sort $$told; rm -f $$told; exit $$code

.PHONY: backup
backup: .venv/.run ## write the installation into one file and verify it: make backup FILE=/backups/x.tar
	@test -n "$(FILE)" || { echo 'Name the file: make backup FILE=/backups/costoptix.tar' >&2; exit 1; }
	@$(BIN)/flask --app app backup "$(FILE)" --verify

.PHONY: soak
soak: $(DEV) ## use an installation for MINUTES (30) and see whether it drifts
	$(BIN)/python -m bench.soak $(or $(MINUTES),30)

.PHONY: coverage
coverage: $(DEV) ## run the suite and print what it does not enter: lines and branches, no threshold
	@$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -n auto --dist loadfile; code=$$?; \
	$(BIN)/coverage combine -q && $(BIN)/coverage report; exit $$code

.PHONY: bench
bench: $(DEV) $(ENGINES)/.installed ## print a table of ratios, each beside its peer: make bench ROWS=200000 (docs/performance.md)
	@ROWS=$(or $(ROWS),2000000) $(BIN)/python -m bench.table

# Once what the product imports by what `make run` installs, once everything by all that is listed.
ALL_LISTED := --exclude '\.venv' --requirements-files requirements.in,requirements-redis.in,requirements-dev.in,requirements-engines.in

.PHONY: lint
lint: $(DEV) ## ruff (bandit's rules among them), our security rules, import-linter, deptry, djlint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/deptry --config deptry.toml .
	$(BIN)/deptry --config deptry.toml $(ALL_LISTED) .
	$(BIN)/djlint --lint --quiet templates
	$(BIN)/python .ci/rules.py

.PHONY: types
types: $(DEV) ## mypy --strict
	$(BIN)/mypy

.PHONY: gates
gates: lint types test ## everything that a change must pass

.PHONY: audit
audit: $(DEV) ## ask for the known faults of the pinned packages, where advisories can be reached
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-audit.txt || true
	@$(BIN)/python .ci/audit.py $(BIN)/pip-audit requirements.txt requirements-redis.txt

.PHONY: screenshots
screenshots: $(DEV) ## take the README's pictures (needs Chromium)
	$(BIN)/python docs/screenshots/make.py

# resvg, which draws the pictures of mail, reads no woff2.
.PHONY: font
font: $(DEV) ## make the pictures' ttf from our Inter
	$(BIN)/uv run --no-project --with 'fonttools[woff]>=4.60,<5' python -c "from fontTools.ttLib import TTFont; \
	from fontTools.varLib.instancer import instantiateVariableFont as at; \
	font = at(TTFont('static/fonts/inter-latin-wght-normal.woff2'), {'wght': 450}); \
	font.flavor = None; font.save('costoptix/notify/fonts/inter.ttf')"

COMPILE := $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-header -q

.PHONY: requirements
requirements: $(DEV) ## compile requirements*.in to pinned, hashed requirements*.txt
	$(COMPILE) requirements.in -o requirements.txt
	$(COMPILE) requirements-redis.in -c requirements.txt -o requirements-redis.txt
	$(COMPILE) requirements-audit.in -c requirements.txt -o requirements-audit.txt
	$(COMPILE) requirements-dev.in -c requirements.txt -c requirements-redis.txt -o requirements-dev.txt
	$(COMPILE) requirements-engines.in -c requirements-dev.txt -o requirements-engines.txt

.PHONY: migration
migration: $(DEV) ## write the next migration from the models: make migration m="what it does"
	@test -n "$(m)" || { echo 'Say what it does: make migration m="add a column"' >&2; exit 1; }
	@hold=$$(mktemp -d) && last=$$(ls migrations/versions/ | sed -n 's/^\([0-9]\{4\}\)_.*\.py$$/\1/p' | tail -1) && \
	next=$$(printf %04d $$(expr $$last + 1)) && unset DATABASE_URL && export COSTOPTIX_DATA_DIR=$$hold && \
	$(BIN)/flask --app app db upgrade && $(BIN)/flask --app app db migrate -m "$(m)" --rev-id $$next; \
	code=$$?; rm -rf "$$hold"; exit $$code
