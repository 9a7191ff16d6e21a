# Everything a person types. `make run` and `make test` set up what they need by themselves.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test check format demo bench kafka s3 postgres stack constraints clean

run: $(VENV)/run
	@$(BIN)/adjourn run

test: $(VENV)/dev
	$(BIN)/pytest --numprocesses 2 --dist loadfile $(ARGS)

check: $(VENV)/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -m adjourn.generate --check

format: $(VENV)/dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/python -m adjourn.generate

demo: $(VENV)/run
	@$(BIN)/adjourn demo $(if $(PROVIDER),--provider $(PROVIDER))

bench: $(VENV)/bench
	$(BIN)/python -m benchmarks $(ARGS)

# Real components on this machine, until Ctrl-C; each prints what to put into .env.
kafka s3 postgres: $(VENV)/dev
	@$(BIN)/python -m infra.deploy.stack $@ $(ARGS)

stack: $(VENV)/dev
	@$(BIN)/python -m infra.deploy.stack kafka s3 postgres $(ARGS)

# Every package by name, version and hash; no address, so that any registry serves.
constraints: | $(BIN)/pip
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  --no-emit-index-url --no-emit-find-links --upgrade --all-extras --group build --group dev --group bench pyproject.toml -o constraints.txt

$(BIN)/pip:
	$(PYTHON) -m venv $(VENV)

$(VENV)/run: pyproject.toml constraints.txt | $(BIN)/pip
	@$(BIN)/python infra/deploy/install.py
	@touch $@

$(VENV)/dev: pyproject.toml constraints.txt | $(BIN)/pip
	@$(BIN)/python infra/deploy/install.py kafka s3 postgres openai dev
	@touch $@ $(VENV)/run

$(VENV)/bench: pyproject.toml constraints.txt | $(BIN)/pip
	@$(BIN)/python infra/deploy/install.py kafka s3 postgres openai dev bench
	@touch $@ $(VENV)/dev $(VENV)/run

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis
