"""What lies on disk after a run, a profile or a training: its only writer and its only reader."""
