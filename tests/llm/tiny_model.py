"""A language model of 260 tokens and random weights, as a GGUF file: nonsense, made in no time.

What it writes means nothing, but a real server reads it, obeys schemas with it, counts its tokens
and can be cut off. Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md.
"""

import struct
from pathlib import Path
from typing import Final

import numpy as np

_WIDTH: Final = 64
_LAYERS: Final = 2
_HEADS: Final = 4
_INNER: Final = 128
_CONTEXT: Final = 4096
_ALIGNED: Final = 32
_UINT32, _INT32, _FLOAT32, _STRING, _ARRAY = 4, 5, 6, 8, 9
_NORMAL, _UNKNOWN, _CONTROL, _BYTE = 1, 2, 3, 6
_TEMPLATE: Final = (
    "{% for message in messages %}{{ message.role }}: {{ message.content }}\n{% endfor %}"
    "assistant: "
)


def write_tiny_model(path: Path, seed: int = 1) -> None:
    """Write the file."""
    rng = np.random.default_rng(seed)
    tokens = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), "▁"]
    types = [_UNKNOWN, _CONTROL, _CONTROL, *[_BYTE] * 256, _NORMAL]
    keys = [
        _string("general.architecture", "llama"),
        _string("general.name", "tiny"),
        _number("llama.context_length", _CONTEXT),
        _number("llama.embedding_length", _WIDTH),
        _number("llama.block_count", _LAYERS),
        _number("llama.feed_forward_length", _INNER),
        _number("llama.attention.head_count", _HEADS),
        _number("llama.rope.dimension_count", _WIDTH // _HEADS),
        _text("llama.attention.layer_norm_rms_epsilon") + struct.pack("<If", _FLOAT32, 1e-5),
        _string("tokenizer.ggml.model", "llama"),
        _array("tokenizer.ggml.tokens", _STRING, b"".join(map(_text, tokens)), len(tokens)),
        _array("tokenizer.ggml.scores", _FLOAT32, bytes(4 * len(tokens)), len(tokens)),
        _array(
            "tokenizer.ggml.token_type",
            _INT32,
            struct.pack(f"<{len(types)}i", *types),
            len(types),
        ),
        _number("tokenizer.ggml.bos_token_id", 1),
        _number("tokenizer.ggml.eos_token_id", 2),
        _string("tokenizer.chat_template", _TEMPLATE),
    ]
    shapes = {"token_embd": (len(tokens), _WIDTH), "output": (len(tokens), _WIDTH)}
    norms = ["output_norm"]
    for layer in range(_LAYERS):
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            shapes[f"blk.{layer}.{name}"] = (_WIDTH, _WIDTH)
        shapes[f"blk.{layer}.ffn_gate"] = shapes[f"blk.{layer}.ffn_up"] = (_INNER, _WIDTH)
        shapes[f"blk.{layer}.ffn_down"] = (_WIDTH, _INNER)
        norms += [f"blk.{layer}.attn_norm", f"blk.{layer}.ffn_norm"]
    tensors = {
        f"{name}.weight": rng.normal(0, 0.2, shape).astype("<f4") for name, shape in shapes.items()
    } | {f"{name}.weight": np.ones(_WIDTH, "<f4") for name in norms}
    # Its first dimension is the same for ever, and speaks against all that is no ASCII: bytes at
    # random are no UTF-8, and a server then gives more letters than its grammar counted.
    tensors["token_embd.weight"][:, 0] = 4
    for name, tensor in tensors.items():
        if "attn_output" in name or "ffn_down" in name:
            tensor[0] = 0
    tensors["output.weight"][3 + 128 : 3 + 256, 0] = -50

    head, body = b"", b""
    for name, tensor in tensors.items():
        dimensions = tensor.shape[::-1]
        head += _text(name) + struct.pack("<I", len(dimensions))
        head += struct.pack(f"<{len(dimensions)}Q", *dimensions)
        head += struct.pack("<IQ", 0, len(body))
        body += _padded(tensor.tobytes())
    start = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(keys)) + b"".join(keys) + head
    path.write_bytes(_padded(start) + body)


def _text(text: str) -> bytes:
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def _string(key: str, value: str) -> bytes:
    return _text(key) + struct.pack("<I", _STRING) + _text(value)


def _number(key: str, value: int) -> bytes:
    return _text(key) + struct.pack("<II", _UINT32, value)


def _array(key: str, kind: int, items: bytes, count: int) -> bytes:
    return _text(key) + struct.pack("<IIQ", _ARRAY, kind, count) + items


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % _ALIGNED)
