"""What the Llama's panel and a node's own page have in common: how to listen, guard, draw and word.

Knows neither journals nor logs. Of the house it takes the shape of what is drawn.
"""
