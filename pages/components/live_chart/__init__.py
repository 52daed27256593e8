"""Live charts of runs while they train: curves, phases and progress, fed by the event stream."""
