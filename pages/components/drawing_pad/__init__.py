"""A square to draw in with mouse, finger, pen or keyboard."""
