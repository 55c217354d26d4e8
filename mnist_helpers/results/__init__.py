"""One run of a notebook: its parameters, what it writes, and how that is read back."""
