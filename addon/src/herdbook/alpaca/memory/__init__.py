"""What a node remembers: facts it found out, what people think of them, and finding them again."""
