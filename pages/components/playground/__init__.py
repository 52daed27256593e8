"""Decision boundaries that move while networks learn: drawn from two event streams, without reruns of the page."""
