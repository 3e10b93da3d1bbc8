# Every target sets up what it needs: a Python environment in .venv, installed again only when what it was
# installed from has changed.

PYTHON ?= python3
TORCH_INDEX ?=
ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
CREATED := $(VENV)/.created
RUNTIME := $(VENV)/.installed
DEV := $(VENV)/.installed-dev
SOURCES := setup.cfg pyproject.toml constraints.txt

.DEFAULT_GOAL := help
.PHONY: help quickstart test reproduce reproduce-sad check lint types clean

help:
	@echo "make quickstart   install, then collect, train and benchmark at a small size"
	@echo "make test         install, then run the tests"
	@echo "make reproduce    train the default models and play the papers' protocols with them: 3 hours"
	@echo "make reproduce-sad   train a teacher and its students by all methods, and compare them"
	@echo "make check        lint, types and tests: run it before each commit"
	@echo "make lint         ruff: rules and format"
	@echo "make types        mypy"
	@echo "make clean        remove .venv, builds and caches; data and runs stay"
	@echo
	@echo "PYTHON=python3.12     the Python that makes .venv: 3.11 or newer (default: python3)"
	@echo "ARGS='...'            passed on to the command: make test ARGS='-k spaces'"
	@echo "TORCH_INDEX=URL       where to take torch from. On Linux the default brings gigabytes of CUDA; without"
	@echo "                      a GPU use TORCH_INDEX=https://download.pytorch.org/whl/cpu"

quickstart: $(RUNTIME)
	$(BIN)/sgd-gym quickstart $(ARGS)

# Files of tests side by side, each file in one process, for its tests share simulators. The slow ones are
# `make test ARGS="-m slow"`; .ci/run runs both.
test: $(DEV)
	$(BIN)/python -m pytest -n logical --maxprocesses 4 --dist loadfile -m "not slow" $(ARGS)

reproduce:
	benchmarks/commands/reproduce.sh

reproduce-sad:
	benchmarks/commands/distil.sh

check: lint types test

lint: $(DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# mypy does not follow the mapping of rooms to subpackages (package_dir in setup.cfg), so it reads the
# package from a tree of links that looks the way the wheel does.
MYPY_TREE := .mypy_cache/tree
types: $(DEV)
	@rm -rf $(MYPY_TREE) && mkdir -p $(MYPY_TREE)/sgd_gym
	@ln -s "$(CURDIR)"/sgd_gym/* "$(CURDIR)"/envs "$(CURDIR)"/agents "$(CURDIR)"/benchmarks $(MYPY_TREE)/sgd_gym/
	cd $(MYPY_TREE) && "$(CURDIR)"/$(BIN)/mypy --config-file "$(CURDIR)"/setup.cfg \
		--cache-dir "$(CURDIR)"/.mypy_cache --package sgd_gym

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache
	find sgd_gym envs agents benchmarks tests -name __pycache__ -type d -prune -exec rm -rf {} +

# The check is written for old Pythons too, so that they can say what is wrong with them.
$(CREATED):
	@command -v "$(PYTHON)" >/dev/null || { \
		echo "No '$(PYTHON)' found. Install Python 3.11 or newer, or name one: make $(MAKECMDGOALS) PYTHON=/path/to/python3" >&2; \
		exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.version_info >= (3, 11) or sys.exit("%s is Python %s; sgd_gym needs 3.11 or newer. Install one, or name it: make $(MAKECMDGOALS) PYTHON=python3.12" % (sys.executable, sys.version.split()[0]))'
	@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "$$("$(PYTHON)" --version) ($(PYTHON)) lacks the modules venv and ensurepip. On Debian and Ubuntu: apt install python3-venv" >&2; \
		exit 1; }
	"$(PYTHON)" -m venv $(VENV)
	@touch $@

$(RUNTIME): $(SOURCES) $(CREATED)
	$(install_torch)
	$(PIP) install -c constraints.txt -e .
	@touch $@

$(DEV): $(SOURCES) $(CREATED)
	$(install_torch)
	$(PIP) install -c constraints.txt -e '.[dev]'
	@touch $@ $(RUNTIME)

# torch comes first and from its own index, so that the install that follows finds it in place.
ifneq ($(TORCH_INDEX),)
install_torch = $(PIP) install --index-url "$(TORCH_INDEX)" "$$(grep '^torch==' constraints.txt)"
endif
