"""A square to draw in: a component of its own, for answers that come while the pen still moves."""
