"""The metrics themselves: a module for each family, or for what only one code base has. Importing one registers it."""
