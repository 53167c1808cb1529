"""Keys and seals. Imports PyNaCl, argon2-cffi and the leaves; no SQL, no I/O, no event loop.

Nothing here is of our own invention: Argon2id (RFC 9106), XChaCha20-Poly1305
(draft-irtf-cfrg-xchacha-03), X25519 sealed boxes and keyed BLAKE2b (RFC 7693), all from libsodium
and the reference Argon2 library. What is ours is only which bytes go in.
"""
