"""Sequential transfer: train on the source, then on the target, with some parameters frozen."""
