# Everything a person or a machine does with this project. `make demo` is where to begin.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
PACKAGES := forge store commands tests
FUZZ_SECONDS ?= 60

.PHONY: demo serve test fuzz check format schemas clean
.DEFAULT_GOAL := demo

# What running needs, and what developing needs; exact versions in constraints.txt.
$(VENV)/.runtime: pyproject.toml constraints.txt
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "forge needs Python 3.11 or newer: make PYTHON=/path/to/python3.11"; exit 1; }
	@test -x $(BIN)/python || "$(PYTHON)" -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

demo: $(VENV)/.runtime  ## the whole story over HTTP, with fresh keys
	$(BIN)/forge demo

serve: $(VENV)/.runtime  ## a service to try things with; its key and its store are kept in forge-data/
	$(BIN)/forge serve --dev

test: $(VENV)/.dev  ## everything that can run here; what cannot says why
	$(BIN)/pytest --cov --cov-report=term --cov-fail-under=95

fuzz: $(VENV)/.dev  ## for a minute each, bytes that nobody thought of go to every reader; FUZZ_SECONDS=1800 for longer
	$(BIN)/python -m tests.fuzz --seconds $(FUZZ_SECONDS)

check: $(VENV)/.dev  ## format, lint, types, architecture, generated files
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy $(addprefix -p ,$(PACKAGES))
	$(BIN)/mypy examples
	$(BIN)/pytest --quiet tests/test_architecture.py tests/test_generated.py

format: $(VENV)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

schemas: $(VENV)/.dev  ## what is generated from the commands: schemas/commands and the table of the README
	$(BIN)/python -m tests.generate

clean:
	rm -rf $(VENV) .coverage* .pytest_cache .mypy_cache .ruff_cache .hypothesis
