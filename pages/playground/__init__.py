"""The page Playground: points in the plane, and networks that learn them while one looks."""
