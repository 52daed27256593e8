"""Curves, phases and numbers of runs while they train, fed by the event stream."""
