"""What is to be learned from what, and how its data is split."""
