"""What runs in the worker process, and nowhere else: the only modules that import jittor.

`__main__` answers requests, `model` is the network with its optimiser, `network` and `loss` are FILM's, `operators`
holds what Jittor computes otherwise than PyTorch, `convolutions` what oneDNN or a kernel of our own computes.
"""
