"""Language models on or near this machine: what they are asked, and what may come back.

Knows nothing of nodes, houses or journals. What an engine needs is imported where it is switched
on: ``herdbook[model]`` for Ollama.
"""
