"""What the trainer learns: a recipe of data, loss, optimiser and schedule for each learned method."""
