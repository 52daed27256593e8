"""Loss terms and weights as pure functions of tensors."""
