"""What people read about metrics: explanations by family, and the example that they are shown on."""
