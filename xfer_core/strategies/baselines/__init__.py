"""Baselines: source only and target only."""
