"""What ships with every export: the independent decryptor and the words that go with it.

Data to the rest of the package, never imported by it: see `herdbook_decrypt.py`.
"""
