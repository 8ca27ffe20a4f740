"""What formulas are made of: images and their features, filters, windows, and the compiler of formulas."""
