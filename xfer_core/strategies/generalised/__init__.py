"""The source and several targets at once: L = Σ_d Σ_i λ_{d,i} L_{d,i}."""
