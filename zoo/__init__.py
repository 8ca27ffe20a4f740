"""Published networks with their authors' weights, each in one file; docs/zoo.md says what was reproduced."""
