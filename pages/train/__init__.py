"""Train: choose, start, watch and change one run."""
