"""The page of one run: live, inspect, predict, export."""
