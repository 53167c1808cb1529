"""From texts to vectors: a model's folder, the pieces a text is cut into, and the model at work.

Knows no journal. Only `embedder` and `near` need what ``herdbook[embedding]`` installs.
"""
