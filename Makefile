# Every target does its own set-up; a machine needs Python 3.11 or newer (with venv and pip) and make.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test test-both check lint types docs judge fix pictures test-faults bench-readers bench-render bench-send bench-reports bench-web bench-scale programs lock npm-locks wheel clean

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready
T ?= tests
#: what runs on PostgreSQL, too: all that has SQL of its own, and of the rest, where the address alone differs, a sample
ON_BOTH := $(addprefix tests/integration/test_,account.py approving.py archive.py consent.py consent_machine.py drafts.py \
	events.py export.py face.py forget.py left_behind.py mailing.py preferences.py report_command.py resolve_command.py \
	retry_command.py roster_import.py roster_one.py segments_sql.py sendgrid_recall.py signing_up.py store_machine.py \
	store_mailings.py store_readers.py tags_commands.py)
#: all that has to do with a store
WITH_STORES := tests/integration tests/faults/test_servers.py tests/faults/test_kills.py tests/faults/test_kills_sendgrid.py

help: ## show this list
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(READY) ## the whole path on the shipped examples; no mail leaves this machine
	@$(BIN)/newsletter demo

test: $(READY) programs ## all tests; make test T=tests/unit for some
	$(BIN)/pytest -n auto --maxprocesses 4 --dist loadgroup $(T)
	$(if $(filter tests,$(T)),NEWSLETTER_TEST_DATABASE=postgresql $(BIN)/pytest -n auto --maxprocesses 4 $(ON_BOTH))

test-both: $(READY) programs ## every test that has to do with a database, on PostgreSQL
	NEWSLETTER_TEST_DATABASE=postgresql $(BIN)/pytest -n auto --maxprocesses 4 --dist loadgroup $(WITH_STORES)

check: lint types docs test judge ## everything that must hold before a change goes in

lint: $(READY) ## style, and who may import whom
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports --no-logo

types: $(READY) ## mypy, strict
	$(BIN)/mypy

docs: $(READY) ## the links and the commands in every page
	$(BIN)/pytest tests/unit/test_docs.py

judge: $(READY) programs ## both templates, judged by vnu, axe, SpamAssassin and caniemail
	@$(BIN)/python -m tests.judge

fix: $(READY) ## reformat, and repair what can be repaired
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

pictures: $(READY) programs ## the README's pictures, taken anew in a browser
	@$(BIN)/python -m tests.judge.pictures
	@$(BIN)/python -m tests.browser.pictures docs/images

test-faults: $(READY) programs ## kills, bad servers, full disks, state machine, oracle and attacks, in full (half an hour)
	@NEWSLETTER_FAULTS=full NEWSLETTER_MACHINE_RUNS=2000 NEWSLETTER_ORACLE_RUNS=20000 NEWSLETTER_ATTACKS=full \
		NEWSLETTER_FORGERIES=100000 NEWSLETTER_REPLAYS=1000 NEWSLETTER_FORGED_MAILS=10000 $(BIN)/pytest -q -s \
		tests/faults tests/integration/test_store_machine.py tests/integration/test_segments_sql.py \
		tests/integration/test_forged_tokens.py tests/integration/test_page_guards.py tests/integration/test_documented.py \
		tests/integration/test_events.py tests/integration/test_bounces_forged.py tests/browser/test_payloads.py

bench-send: $(READY) programs ## how fast mailings leave, beside other senders, and how much memory that takes
	@tests/packages.sh benchmarks/peers
	@$(BIN)/python -m benchmarks.send

bench-readers: $(READY) ## how fast a million readers are counted and planned for, and in how much memory
	@$(BIN)/python -m benchmarks.readers
	@$(BIN)/python -m benchmarks.readers_import

bench-reports: $(READY) ## how fast a report on a million deliveries is, and in how much memory
	@$(BIN)/python -m benchmarks.reporting

bench-render: $(READY) ## how fast issues are compiled, cut into editions and written as messages
	@$(BIN)/python -m benchmarks.render

bench-web: $(READY) ## how many readers can leave at once, by one click each, and how long they wait
	@$(BIN)/python -m benchmarks.web

bench-scale: $(READY) ## how fast 1, 2 and 4 workers send to a million readers on PostgreSQL, and what it costs (half an hour)
	@$(BIN)/python -m benchmarks.scale

programs: ## the outside programs and npm packages that tests and judges use
	@tests/programs.sh
	@tests/packages.sh

# --upgrade only when asked for: make lock UPGRADE=--upgrade
lock: $(READY) ## pin what pyproject.toml asks for, with hashes
	$(BIN)/uv pip compile --quiet --universal --no-strip-extras --generate-hashes --extra dev --python-version 3.11 \
		--custom-compile-command "make lock" $(UPGRADE) -o requirements.lock pyproject.toml

npm-locks: ## pin what each package.json under tests/ asks for, with hashes
	@tests/lock.sh

wheel: $(READY) ## dist/newsletter-….whl, with templates and vocabulary inside
	$(BIN)/python -m hatchling build -t wheel

clean: ## remove what make can make again
	rm -rf .venv dist tests/*/node_modules .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("error: needs Python 3.11 or newer; try: make PYTHON=python3.11" if sys.version_info < (3, 11) else 0)'
	@echo "Setting up .venv (about a minute, once)"
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
