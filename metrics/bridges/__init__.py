"""Between our metrics and other libraries: `borrowed` takes theirs, `torchmetrics` gives them ours."""
