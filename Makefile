# Every target explains itself: make help

PYTHON ?= python3
BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help run demo test check format bench evaluate lock tools

help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  \1\t\2/' | expand -t 10

run: .venv/run ## create what is missing and start the service; Ctrl-C stops it
	@# on a terminal the service gets its own process group, or Ctrl-C would end make with an error too
	@if [ -t 0 ]; then bash -mc '$(BIN)/nepsong serve; exit $$?'; else exec $(BIN)/nepsong serve; fi

demo: .venv/dev ## the service beside a played Telegram, with a page where one is a citizen there; nothing is kept
	@if [ -t 0 ]; then bash -mc '$(BIN)/python -m tests.fakes.demo; exit $$?'; else exec $(BIN)/python -m tests.fakes.demo; fi

test: check tools ## run every test, on SQLite, a real PostgreSQL and a real browser
	@$(BIN)/pytest -n auto --dist worksteal --cov --cov-report=term:skip-covered

check: .venv/dev ## lint, types, the laws between the rooms, settings and content
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports && $(BIN)/nepsong check

format: .venv/dev ## bring the code into shape
	@$(BIN)/ruff check --fix -q . ; $(BIN)/ruff format .

bench: .venv/dev ## measure engine, web chat, Telegram beside other bots, sending; prints a table, writes bench.json
	@$(BIN)/python -m tests.bench

evaluate: .venv/dev ## learn from all sentences, then measure understanding; FILE=… only measures on sentences of your own
	@$(BIN)/python -m tests.evaluate $(FILE)

lock: ## resolve the dependencies again (needs uv); the locks hold hashes and no address
	uv pip compile -q --universal --generate-hashes --python-version 3.11 --no-header --extra install -o requirements.txt pyproject.toml
	uv pip compile -q --universal --generate-hashes --python-version 3.11 --no-header --extra install --extra dev -c requirements.txt -o requirements-dev.txt pyproject.toml

tools: ## install PostgreSQL, Chromium and Node (a client of the played Telegram) for the tests, where we may
	@missing=""; \
	ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null || [ -n "$$NEPSONG_TEST_POSTGRES" ] || missing="$$missing postgresql"; \
	command -v chromium >/dev/null || command -v chromium-browser >/dev/null || missing="$$missing chromium"; \
	{ command -v node && command -v npm; } >/dev/null || missing="$$missing nodejs npm"; \
	[ -z "$$missing" ] && exit 0; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  echo "installing$$missing"; apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null; \
	else echo "missing:$$missing; the tests that need them are skipped (install them, or run as root on Debian)"; fi

.venv/run: requirements.txt pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || { echo "python3-venv is needed: apt install python3-venv"; rm -rf .venv; exit 1; }
	@echo "installing the locked packages into .venv"
	@$(BIN)/python -m pip install -q --require-hashes --no-deps -r requirements.txt
	@$(BIN)/python -m pip install -q --no-build-isolation --no-deps --no-index -e .
	@touch $@

.venv/dev: .venv/run requirements-dev.txt
	@echo "installing the locked development packages into .venv"
	@$(BIN)/python -m pip install -q --require-hashes --no-deps -r requirements-dev.txt
	@touch $@
