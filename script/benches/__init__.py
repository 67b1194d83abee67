"""Benchmarks: `script/bench NAME` runs NAME.py. What they share is in `instruments`."""
