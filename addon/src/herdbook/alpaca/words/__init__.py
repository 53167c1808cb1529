"""What a node says, in the language of its household: sentences over evidence, no model needed."""
