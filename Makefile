# `make run` and `make test` are all that a newcomer needs. Everything goes into .venv and .throughline.

PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help install run test check bench identity-bench search-bench docs screenshots

help: ## What there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' Makefile

install: $(STAMP) ## The environment in .venv: quick when nothing changed

$(STAMP): pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing into .venv (a minute or two the first time)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev,semantic,meilisearch]'
	@touch $(STAMP)

run: install ## Everything in one go, over a demo desk: database, server, worker
	@exec $(BIN)/throughline up --demo $(ARGS)

test: install ## Every test (ARGS="tests/house -k too_long" for some of them)
	@command -v chromium >/dev/null || echo "No chromium here (apt install chromium): the console's tests in a browser are skipped."
	@$(BIN)/python -m pytest -n 2 --dist worksteal $(ARGS)

check: install ## Format, lint, types, import contracts, house tests
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/pyright
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/python -m pytest -q tests/house

bench: install ## The figures (ARGS=--quick for a tenth of the desk)
	@$(BIN)/python -m benchmarks $(ARGS)

identity-bench: install ## How right identity is (ARGS="--limit 1000" for a look, --help for more)
	@$(BIN)/python -m benchmarks.identity $(ARGS)

search-bench: install ## How right search is (ARGS="--questions 200" for a look, --help for more)
	@$(BIN)/python -m benchmarks.search $(ARGS)

docs: install ## docs/schema.sql and the pictures of tickets, made again from the code
	@$(BIN)/throughline schema > docs/schema.sql
	@$(BIN)/python -m tests.laws.ticket_pictures
	@$(BIN)/python -m tests.house.sentences > app/console/locale/messages.pot

screenshots: install ## The pictures of the console in docs/screenshots, taken again of the demo (needs chromium)
	@$(BIN)/python -m tests.app.browser.pictures
