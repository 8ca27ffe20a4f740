"""U2Fusion: network, fast inference, loss, information weights, elastic weight consolidation, recipes."""
