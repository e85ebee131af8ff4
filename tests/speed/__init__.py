"""The benchmarks of speed."""
