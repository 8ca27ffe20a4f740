"""What formulas are made of: images and their features, filters, windows, local statistics."""
