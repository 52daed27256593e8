"""Compare: experiments, runs and runs side by side."""
