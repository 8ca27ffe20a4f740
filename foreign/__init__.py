"""Somebody else's code and programs: what they are made of, how they are called, started, kept in bounds and ended."""
