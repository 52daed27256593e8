"""Train: set up, start and follow one run."""
