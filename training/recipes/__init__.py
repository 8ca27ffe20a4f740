"""How each method is trained: a module or a room for each, which declares its recipes and settings as TRAINING.

What declares them does not import torch; the recipes do, when one is chosen.
"""

DEFAULT = "u2fusion"  # what is trained where no method is named
