"""Learn from target inputs that have no labels."""
