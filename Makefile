# Every target sets up what it needs; the plain commands are in the README.
BIN := .venv/bin
# Set-up leaves compiling to the first import, which would otherwise be slow every time.
export PYTHONDONTWRITEBYTECODE =

.PHONY: setup run test test-all check lab bench publish submission lock clean

# Does nothing if .venv is ready.
setup:
	@if command -v python3 >/dev/null; then python3 set_up.py; \
	elif command -v uv >/dev/null; then uv run --quiet set_up.py; \
	else echo "error: install Python 3.13 or uv" \
		"(https://docs.astral.sh/uv/getting-started/installation/)" >&2; exit 1; fi

run: setup
	$(BIN)/python -m mnist_helpers run $(ARGS)

test: check
	$(BIN)/python -m pytest tests -m "slow and not notebooks" -n 2
	$(BIN)/python -m pytest tests -m notebooks -n 2 --dist loadfile --durations 0

# What takes minutes more and seldom fails.
test-all: test
	$(BIN)/python -m pytest tests -m long -n 2

check: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports --no-cache --no-logo
	$(BIN)/python -m pytest tests -m "not slow and not notebooks and not long" -n 2

lab: setup
	$(BIN)/python -m jupyterlab notebooks $(ARGS)

bench: setup
	$(BIN)/python tests/benchmarks/benchmark.py $(ARGS)

publish: setup
	$(BIN)/python tests/publish.py $(ARGS)

# AUTHOR and STUDENT_ID go on the title page. The command reads them itself, as the shell
# would take their quotes for its own.
export AUTHOR STUDENT_ID
submission: setup
	$(BIN)/python -m mnist_helpers submission $(ARGS)

# Locks all of pyproject.toml's dependencies, for every system and Python at once.
lock: setup
	$(BIN)/uv pip compile --universal --generate-hashes --python-version 3.11 --quiet \
		--all-extras --custom-compile-command "make lock" pyproject.toml \
		-o requirements.txt

clean:
	rm -rf build .venv
