"""The command line: run, sweep, submission, verify, compare."""
