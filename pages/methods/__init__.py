"""Methods: all strategies with their lessons and measured examples."""
