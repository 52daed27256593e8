"""Analysis of results, as numbers; pages turn them into text and charts."""
