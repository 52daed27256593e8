"""The files that a run leaves in its folder, beside its snapshots."""

CHECKPOINT, WEIGHTS, SAMPLE_WEIGHTS, LOG = "checkpoint.pt", "weights.safetensors", "sample_weights.csv", "worker.log"
