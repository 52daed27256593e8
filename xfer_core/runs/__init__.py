"""Runs: their specs, the run store, snapshots and files."""
