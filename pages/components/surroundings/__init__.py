"""Frame of every page: shared styles, and messages for a lost connection or an unknown address."""
