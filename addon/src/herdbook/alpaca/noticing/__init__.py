"""What is out of the ordinary, by arithmetic alone: no I/O, no clock of its own, no numpy."""
