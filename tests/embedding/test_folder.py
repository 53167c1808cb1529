"""A model's folder: what is read out of it, and what is said of one that cannot be used."""

import shutil
from pathlib import Path

import pytest

from demo.minilm import minilm
from herdbook.embedding.folder import read_folder
from herdbook.errors import ModelUnusable


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The real model's folder, but for its 86 MB."""
    copy = tmp_path / "model"
    shutil.copytree(minilm(), copy, ignore=shutil.ignore_patterns("*.onnx"))
    (copy / "model.onnx").write_bytes(b"not one")
    return copy


def test_a_model_is_described_by_its_files(folder: Path) -> None:
    files = read_folder(folder)
    assert (files.dimensions, files.window, files.pooling) == (384, 256, "mean")
    assert files.onnx == "model.onnx"


def test_other_files_are_another_model(folder: Path) -> None:
    before = read_folder(folder).id
    assert read_folder(folder).id == before
    (folder / "model.onnx").write_bytes(b"another")
    assert read_folder(folder).id != before


def test_the_onnx_file_may_lie_in_a_folder_of_its_own(folder: Path) -> None:
    (folder / "onnx").mkdir()
    (folder / "model.onnx").rename(folder / "onnx" / "model.onnx")
    assert read_folder(folder).onnx == "onnx/model.onnx"


def test_what_tells_of_the_window_and_the_pooling_may_be_missing(folder: Path) -> None:
    (folder / "sentence_bert_config.json").unlink()
    shutil.rmtree(folder / "1_Pooling")
    (folder / "tokenizer_config.json").write_text(
        '{"model_max_length": 1000000000000000019884624838656}'
    )
    files = read_folder(folder)
    assert (files.window, files.pooling) == (512, "mean")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("model.onnx", None, "has 0 ONNX files"),
        ("second.onnx", "x", "has 2 ONNX files"),
        ("config.json", None, "There is no"),
        ("config.json", "{", "cannot be read"),
        ("config.json", '{"hidden_size": 100}', "multiple of 64"),
        ("config.json", '{"hidden_size": "x"}', "multiple of 64"),
        ("config.json", "{}", "multiple of 64"),
        ("tokenizer.json", None, "There is no"),
        ("tokenizer_config.json", "[]", "cannot be read"),
    ],
)
def test_what_is_wrong_is_said(folder: Path, name: str, content: str | None, said: str) -> None:
    if content is None:
        (folder / name).unlink()
    else:
        (folder / name).write_text(content)
    with pytest.raises(ModelUnusable, match=said) as caught:
        read_folder(folder)
    assert caught.value.fix


def test_a_missing_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(ModelUnusable, match="There is no folder"):
        read_folder(tmp_path / "nowhere")
