"""What the project claims in figures, measured anew: each module prints a table, or one object with ``--json``."""
