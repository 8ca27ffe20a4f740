"""How U2Fusion is trained."""
