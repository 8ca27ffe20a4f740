"""FILM in Jittor, which lives in a process of its own, and the comparison of the two frameworks.

Nothing here imports jittor except what that process runs.
"""
