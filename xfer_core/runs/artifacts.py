"""Names of the files in a run's folder, beside its snapshots."""

CHECKPOINT, WEIGHTS, SAMPLE_WEIGHTS, LOG = "checkpoint.pt", "weights.safetensors", "sample_weights.csv", "worker.log"
