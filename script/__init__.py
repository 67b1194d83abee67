"""The commands of the project; their code is in `bootstrap`, the benchmarks are in `benches`."""
