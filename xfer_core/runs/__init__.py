"""What was asked and what happened: specs, the store, the dispatcher and its workers."""
