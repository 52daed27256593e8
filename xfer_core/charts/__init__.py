"""Pictures made from data, without widgets."""
