"""The mathematics: arrays in, numbers out. Knows no file, no method, no data set."""
