"""One person's encrypted file. Owns the folder, the header, the sealed database and the inbox.

Knows nothing of what its tables mean: whoever opens a vault brings the schema. Must not import
journal, llama or aiohttp.

    vaults/<id>/header.json   wrapped keys, readable while locked
                journal.db    SQLite, every page sealed by the DEK
                inbox.db      sealed drops
"""
