"""What frames every page: its styles, and what the browser says in Xfer's own words."""
