"""Addresses that Xfer once had: links to them lead to where their page stands now."""
