"""Methods in frameworks other than PyTorch, each in a process of its own, and the study of the two."""
