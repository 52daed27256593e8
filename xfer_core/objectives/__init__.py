"""Objectives: loss terms and sample weights as pure functions of tensors."""
