"""What a fused image is worth to a detector and a segmenter."""
