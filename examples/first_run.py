"""Train once: fine-tuning from handwritten digits to digits on photographs, with five labels per class."""

from xfer_core import parse_spec, train

spec = parse_spec({}, ["strategy.kind=fine_tune", 'strategy.frozen=["conv1"]', "problem.labels_per_class=5"])
result = train(spec)
for name, value in result.metrics.items():
    print(f"{name:<45}{value:.3f}")
