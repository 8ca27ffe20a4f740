"""From a formula in Python to a loop over images in machine code; the only place that knows LLVM."""
