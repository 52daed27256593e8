"""The page of one run: Live, Inspect, Try it, Export."""
