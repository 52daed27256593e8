"""Executors: where the workers of runs are executed. The dispatcher decides what runs, an executor where."""
