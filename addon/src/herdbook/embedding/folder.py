"""A model's folder, as Hugging Face and fastembed lay it out. Owns what is read out of its files.

``tokenizer.json``, ``tokenizer_config.json``, ``config.json`` and one ONNX file, beside them or in
``onnx``; where there is ``sentence_bert_config.json`` or ``1_Pooling/config.json``, they count.
"""

import hashlib
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from herdbook.errors import ModelUnusable

_WINDOW: Final = 512
_WINDOW_FLOOR: Final = 16
_ONNX: Final = ("*.onnx", "onnx/*.onnx")
_READ: Final = 1 << 20

Pooling = Literal["cls", "mean"]


class ModelFiles(msgspec.Struct, frozen=True):
    """What there is to know of a model before it is loaded.

    `id` changes with anything that changes its vectors. `window` counts tokens, marks included.
    """

    id: str
    folder: Path
    onnx: str
    tokenizer: Path
    dimensions: int
    window: int
    pooling: Pooling


def read_folder(folder: Path) -> ModelFiles:
    """Look at every file of a model's folder, all of their bytes: seconds on a small machine.

    Raises `ModelUnusable`.
    """
    if not folder.is_dir():
        raise ModelUnusable(f"There is no folder {folder}.", fix=_fix())
    found = [path for pattern in _ONNX for path in sorted(folder.glob(pattern))]
    if len(found) != 1:
        raise ModelUnusable(
            f"{folder} has {len(found)} ONNX files.", fix="Leave the one that is to be used."
        )
    dimensions = _number(_json(folder / "config.json").get("hidden_size"))
    # The bits of a vector are kept in whole words of 64.
    if dimensions is None or dimensions % 64:
        raise ModelUnusable(
            f"{folder / 'config.json'} names no hidden_size that is a multiple of 64.", fix=_fix()
        )
    windows = (
        _json(folder / "tokenizer_config.json").get("model_max_length"),
        _json(folder / "sentence_bert_config.json", needed=False).get("max_seq_length"),
    )
    pooling = _json(folder / "1_Pooling" / "config.json", needed=False)
    kind: Pooling = "cls" if pooling.get("pooling_mode_cls_token") is True else "mean"
    tokenizer = folder / "tokenizer.json"
    _json(tokenizer)
    return ModelFiles(
        id=_digest(kind, found[0], tokenizer),
        folder=folder,
        onnx=str(found[0].relative_to(folder)),
        tokenizer=tokenizer,
        dimensions=dimensions,
        window=min((number for one in windows if (number := _number(one))), default=_WINDOW),
        pooling=kind,
    )


def _number(value: object) -> int | None:
    """A sensible size: some write 1e30 where they know none."""
    sensible = isinstance(value, int) and _WINDOW_FLOOR <= value <= 1 << 16
    return value if sensible and isinstance(value, int) else None


def _json(path: Path, *, needed: bool = True) -> dict[str, Any]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
    except FileNotFoundError as error:
        if not needed:
            return {}
        raise ModelUnusable(f"There is no {path}.", fix=_fix()) from error
    except (OSError, msgspec.DecodeError) as error:
        raise ModelUnusable(f"{path} cannot be read: {error}.", fix=_fix()) from error


def _digest(kind: str, *paths: Path) -> str:
    digest = hashlib.blake2b(kind.encode(), digest_size=16)
    for path in paths:
        try:
            with path.open("rb") as file:
                while piece := file.read(_READ):
                    digest.update(piece)
        except OSError as error:
            raise ModelUnusable(f"{path} cannot be read: {error}.", fix=_fix()) from error
    return digest.hexdigest()


def _fix() -> str:
    return "docs/guides/llama.md says how to put a model there."
