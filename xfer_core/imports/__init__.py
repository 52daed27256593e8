"""Own data: from a file or folder to domains."""
