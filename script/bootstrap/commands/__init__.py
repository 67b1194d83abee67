"""One module per script; each has a `run` that takes the arguments and returns the exit code."""
