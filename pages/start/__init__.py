"""Start: three networks race on the same few labels."""
