"""From what is given to be scored to batches of planes in 0..255: kinds of arrays, axes, ranges, colours and sizes."""
