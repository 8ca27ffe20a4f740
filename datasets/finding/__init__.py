"""Finding the pairs of a data set: layouts of folders, names that belong together, lists and splits."""
