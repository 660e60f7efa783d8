"""An embedded container registry for tests, demos and benchmarks: several hosts in one process, strict, in memory."""
