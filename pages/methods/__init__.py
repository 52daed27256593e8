"""Methods: the list of all strategies with their lessons."""
