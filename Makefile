# Verbs for developers: demo, test, quick, check, docs, browser. They need Python 3.11 and make; all else they install.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
JS_READY := node_modules/.package-lock.json

# The browser that the report's tests drive, and fonts for its two languages.
PACKAGES := chromium fonts-dejavu-core fonts-noto-cjk
CHROMIUM = $(shell command -v chromium 2>/dev/null)
APT = $(shell test "$$(id -u)" = 0 && command -v apt-get 2>/dev/null)
MISSING = the tests of the report need Chromium, called `chromium` on the PATH: install it (Debian, as root: apt-get install $(PACKAGES); macOS: brew install --cask chromium), or run `make quick`

.PHONY: demo test quick check docs browser clean
.NOTPARALLEL:

demo: $(READY)
	$(BIN)/editloupe demo

test: browser $(READY)
	$(BIN)/python -m pytest

quick: $(READY)
	$(BIN)/python -m pytest -m 'not browser and not ray and not slow'

check: browser $(READY) $(JS_READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/node node_modules/eslint/bin/eslint.js .
	$(BIN)/node node_modules/typescript/bin/tsc
	$(BIN)/python -m pytest

docs: $(READY)
	$(BIN)/python -m pytest tests/test_docs.py

# Where the browser is not there and cannot be installed, this stops with one line, before anything has run.
browser:
	@$(if $(CHROMIUM)$(APT),,$(error $(MISSING)))
	@$(if $(CHROMIUM),:,apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(PACKAGES) >/dev/null)

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
