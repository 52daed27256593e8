"""Recipes of problems on which methods were measured, and what was measured: package data with a loader."""
