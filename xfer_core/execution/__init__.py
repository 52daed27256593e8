"""Who trains: the dispatcher, its workers and where their processes come from."""
