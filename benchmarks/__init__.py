"""Measurements behind the figures of this project: each module prints a table, or one object with ``--json``."""
