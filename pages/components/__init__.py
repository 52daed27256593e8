"""Browser components, each with its JavaScript and its styles."""
