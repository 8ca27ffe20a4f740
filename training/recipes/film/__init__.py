"""How FILM is trained."""
