"""`python -m fusionbench`."""

from .cli import main

main()
