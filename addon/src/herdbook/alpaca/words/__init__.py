"""What a node says, in words of its own: no model is asked."""
