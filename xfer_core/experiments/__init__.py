"""Experiments: several methods, label budgets and seeds on one problem; presets, plans, and their runs."""
