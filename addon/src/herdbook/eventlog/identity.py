"""Who signs. Owns the Ed25519 key of a node or a Llama and the file it lives in."""

from pathlib import Path
from typing import Final

from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey

from herdbook.errors import StorageError
from herdbook.files import make_folder, replace_file
from herdbook.ids import node_id_of

KEY_SIZE: Final = 32
SIGNATURE_SIZE: Final = 64


class Identity:
    """A signing key. Its public half's fingerprint is the node id."""

    def __init__(self, seed: bytes) -> None:
        self._key = SigningKey(seed)
        self.public_key = bytes(self._key.verify_key)
        self.node_id = node_id_of(self.public_key)

    @classmethod
    def load(cls, path: Path) -> "Identity | None":
        """The identity in a file, None when there is no file. Raises `StorageError`."""
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StorageError(
                f"Cannot read the identity in {path}: {error.strerror}.",
                fix="Let this user read the file.",
            ) from error
        try:
            return cls(bytes.fromhex(data.decode("ascii").strip()))
        except ValueError as error:
            raise StorageError(
                f"{path} does not hold an identity: 64 hexadecimal digits.",
                fix="Put the original file back. Without it this node can only start anew.",
            ) from error

    @classmethod
    def load_or_create(cls, path: Path) -> "Identity":
        """The identity in a file; a new one, readable by its owner only, when there is none."""
        identity = cls.load(path)
        if identity is None:
            key = SigningKey.generate()
            make_folder(path.parent)
            replace_file(path, bytes(key).hex().encode() + b"\n", 0o600)
            identity = cls(bytes(key))
        return identity

    def sign(self, message: bytes) -> bytes:
        """The 64-byte signature of a message."""
        return self._key.sign(message).signature


def verify(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether this key signed this message; False also for a key or signature of a wrong size."""
    try:
        VerifyKey(public_key).verify(message, signature)
    except (BadSignatureError, ValueError):
        return False
    return True
