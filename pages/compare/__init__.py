"""Compare: experiments, the list of runs, and selected runs compared."""
