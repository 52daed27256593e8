"""Execution of runs: the dispatcher, its workers and the factory of their processes."""
