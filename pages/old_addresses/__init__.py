"""Redirects from addresses that Xfer used earlier."""
