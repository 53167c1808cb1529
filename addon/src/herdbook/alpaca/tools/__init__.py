"""What a model on the node may do, step by step, and what it may never do.

It has no other way to anything: a step is one of the structs in `steps`, carried out by `toolbox`,
and whether it may be is decided there, whatever the model was told or says.
"""
