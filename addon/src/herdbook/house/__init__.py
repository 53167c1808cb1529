"""What the house knows: readings, observations, and what is usual."""
