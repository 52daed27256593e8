"""Unsupervised domain adaptation: training on target inputs without labels."""
