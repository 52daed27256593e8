"""The page Domains."""
