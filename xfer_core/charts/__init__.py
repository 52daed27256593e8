"""Charts and images made from data, without widgets."""
