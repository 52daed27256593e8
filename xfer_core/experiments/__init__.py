"""Several methods, label budgets and seeds on one problem: presets, plans, and the runs that they are made of."""
