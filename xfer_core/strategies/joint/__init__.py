"""Joint (multi-task) learning: several tasks or domains at once, L = Σ λ_i L_i, with λ given or balanced."""
