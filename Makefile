# Everything a person or a machine does with this project. `make demo` is where to begin.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
PACKAGES := forge store commands benchmarks tests
FUZZ_SECONDS ?= 60
WORKERS ?= auto
CLUSTER ?= cluster-data

.PHONY: demo serve cluster cluster-stop failovers test interop nodes bench profile faults fuzz check format schemas clean
.DEFAULT_GOAL := demo

# What running needs, and what developing needs; exact versions in constraints.txt.
$(VENV)/.runtime: pyproject.toml constraints.txt
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "forge needs Python 3.11 or newer: make PYTHON=/path/to/python3.11"; exit 1; }
	@test -x $(BIN)/python || "$(PYTHON)" -m venv $(VENV)
	@# What is compiled makes it faster, where it can be compiled; nothing needs it.
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[fast]' 2>/dev/null \
	|| $(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

demo: $(VENV)/.runtime  ## the whole story over HTTP, with fresh keys
	$(BIN)/forge demo

serve: $(VENV)/.runtime  ## a service to try things with; its key and its store are kept in forge-data/
	$(BIN)/forge serve --dev

cluster: $(VENV)/.dev  ## PostgreSQL on three machines that are folders in CLUSTER, until Ctrl+C; BOUNCER=1 with PgBouncer
	$(BIN)/python -m tests.cluster run "$(CLUSTER)" $(if $(BOUNCER),--bouncer)

cluster-stop: $(VENV)/.dev  ## ends the cluster in CLUSTER, whoever started it
	$(BIN)/python -m tests.cluster stop "$(CLUSTER)"

failovers: $(VENV)/.dev  ## breaks the primary of a new cluster under load; ROUNDS=20, FAULTS=crash,cut, BRISK=1, BOUNCER=1
	$(BIN)/python -m tests.cluster failovers $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(FAULTS),--faults $(FAULTS)) $(if $(BRISK),--brisk) $(if $(BOUNCER),--bouncer)

test: $(VENV)/.dev  ## everything that can run here; what cannot says why. WITHOUT=PATH leaves something out
	$(BIN)/pytest $(if $(WITHOUT),--ignore "$(WITHOUT)") -n $(WORKERS) --dist loadfile --no-loadscope-reorder --cov --cov-report=term --cov-fail-under=95

interop: $(VENV)/.dev  ## what other implementations see of ours, and ours of them, as a table; says whether Go or Node is missing
	$(BIN)/python -m tests.interop

nodes: $(VENV)/.dev  ## four servers on one PostgreSQL, sixty-four clients, each of 20,000 invocations sent to two of them
	$(BIN)/python -m tests.faults.test_nodes

bench: $(VENV)/.dev  ## how fast it is: all figures and targets, in a quarter of an hour; QUICK=1 in a minute, JSON=FILE, RUNS=5
	$(BIN)/python -m benchmarks $(if $(QUICK),--quick) $(if $(RUNS),--runs $(RUNS)) $(if $(JSON),--json "$(JSON)") $(if $(STORE),--store "$(STORE)")

profile: $(VENV)/.dev  ## where the time of one invocation goes, by stage
	$(BIN)/python -m benchmarks.profile

faults: $(VENV)/.dev  ## breaks everything under load, again and again, and prints a table; ROWS="process disk", SECONDS=600
	$(BIN)/python -m tests.faults $(ROWS) $(if $(SECONDS),--seconds $(SECONDS))

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
