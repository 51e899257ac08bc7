# Four verbs for developers: demo, test, check, docs. They need Python 3.11 and make; test and check also Chromium.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
JS_READY := node_modules/.package-lock.json

.PHONY: demo test check docs clean

# 3 means "finished, but some items failed": they are counted in the report, and the demo has still run.
demo: $(READY)
	$(BIN)/python main.py --config config.yaml || [ $$? -eq 3 ]

test: $(READY)
	$(BIN)/python -m pytest

check: $(READY) $(JS_READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/node node_modules/eslint/bin/eslint.js .
	$(BIN)/node node_modules/typescript/bin/tsc
	$(BIN)/python -m pytest

docs: $(READY)
	$(BIN)/python -m pytest tests/test_docs.py

# torch comes first and by itself: asked for by its exact version, pip takes the build that fits this machine.
$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt torch
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,diffusers,endpoint,hub,photos,ray,report]'
	touch $(READY)

# What checks the report's program, by a node of the virtual environment: nothing of it is installed for the machine.
$(JS_READY): $(READY) package.json package-lock.json
	PATH="$(abspath $(BIN)):$$PATH" $(BIN)/npm ci --no-audit --no-fund

clean:
	rm -rf $(VENV) node_modules build dist src/*.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
