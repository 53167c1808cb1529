"""What can be a password, told before anything is derived from it."""

from typing import Final

from herdbook.errors import InputError
from herdbook.vault.header import wrong_secret

PASSWORD_LENGTH: Final = 8
"""Characters at least."""
_LIMIT: Final = 1_024


def check_secret(secret: str) -> None:
    """Raise `WrongSecret` for what no vault's secret can be: it would only take long to try."""
    if len(secret) > _LIMIT:
        raise wrong_secret()


def check_password(password: str) -> None:
    """Raise `InputError` for a password that is too short or too long."""
    if not PASSWORD_LENGTH <= len(password) <= _LIMIT:
        raise InputError(
            f"A password has at least {PASSWORD_LENGTH} characters.",
            fix="Several unrelated words are easy to remember and hard to guess.",
            reason="password_short",
            length=PASSWORD_LENGTH,
        )
