"""What goes out of a journal and comes in: what is passed on, and the files that hold it.

No file here touches a disk or a network: text goes in and out as bytes in memory.
"""
