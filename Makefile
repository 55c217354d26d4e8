# Every target sets up what it needs; the plain commands are in the README.
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed

.PHONY: run test check lab bench publish submission lock clean

run: $(INSTALLED)
	$(BIN)/python -m mnist_helpers run

test: check
	$(BIN)/python -m pytest tests -m "slow and not notebooks" -n 2
	$(BIN)/python -m pytest tests -m notebooks -n 2 --dist loadfile --durations 0

check: $(INSTALLED)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/python -m pytest tests -m "not slow and not notebooks" -n 2

# Options for JupyterLab: make lab ARGS=--no-browser
lab: $(INSTALLED)
	$(BIN)/python -m jupyterlab notebooks $(ARGS)

bench: $(INSTALLED)
	$(BIN)/python -m mnist_helpers bench

publish: $(INSTALLED)
	$(BIN)/python -m mnist_helpers publish

# AUTHOR and STUDENT_ID go on the title page, if they are given.
submission: $(INSTALLED)
	$(BIN)/python -m mnist_helpers submission \
		$(if $(AUTHOR),--author "$(AUTHOR)") $(if $(STUDENT_ID),--student-id "$(STUDENT_ID)")

# The lock of pyproject.toml's dependencies, for every system and Python at once.
lock:
	uv pip compile --universal --generate-hashes --python-version 3.11 --quiet \
		--custom-compile-command "make lock" pyproject.toml -o requirements.txt

clean:
	rm -rf build .venv

$(INSTALLED): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' \
		|| { echo "$(PYTHON) is not Python 3.11 to 3.13; name one that is:" \
		"make PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --require-hashes -r requirements.txt
	$(BIN)/python -m pip install --no-deps --no-build-isolation --editable .
	@touch $(INSTALLED)
