"""What ends a demo. Owns one error with what to do about it; imports nothing."""


class DemoError(Exception):
    """Something did not happen; `fix` says what to do about it."""

    def __init__(self, message: str, *, fix: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix

    def __str__(self) -> str:
        return f"{self.message} {self.fix}".rstrip()
