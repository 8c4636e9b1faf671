"""Who: the author of a model, or the sender of a run folder. What: files and templates that take hours or gigabytes."""

from __future__ import annotations

import os
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jeval.errors import InputError
from jeval.limits import limited
from jeval.models import template
from jeval.record import samples
from jeval.record.samples import SCHEMA, path_of, read_samples

Cli = Callable[..., Any]


def one_line(done: Any, *words: str) -> None:
    assert done.code in {2, 3}, (done.code, done.err[-2000:])
    assert done.err.count("\n") == 1 and len(done.err) < 2000
    for word in words:
        assert word in done.err


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs here")
@pytest.mark.parametrize(
    "name", ["model.safetensors", "config.json", "tokenizer.json", "chat_template.jinja", "extra.bin"]
)
def test_a_fifo_among_the_files_of_a_model_is_refused_by_name(
    cli: Cli, model_copy: Path, tmp_path: Path, name: str
) -> None:
    (model_copy / name).unlink(missing_ok=True)
    os.mkfifo(model_copy / name)
    one_line(cli("run", "--model", model_copy, "--limit", 1, "--out", tmp_path / "run"), name, "no regular file")


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no /dev/zero here")
def test_a_device_behind_a_link_is_refused_by_name(cli: Cli, model_copy: Path, tmp_path: Path) -> None:
    (model_copy / "model.safetensors").unlink()
    (model_copy / "model.safetensors").symlink_to("/dev/zero")
    one_line(cli("run", "--model", model_copy, "--out", tmp_path / "run"), "model.safetensors", "no regular file")


CONFIGS = {
    "depth": "[" * 100_000 + "]" * 100_000,
    "depth of objects": '{"a":' * 100_000 + "1" + "}" * 100_000,
    "digits": '{"hidden_size": ' + "9" * 100_000 + "}",
}


@pytest.mark.parametrize("kind", CONFIGS)
def test_a_configuration_without_end_is_one_line(cli: Cli, model_copy: Path, tmp_path: Path, kind: str) -> None:
    (model_copy / "config.json").write_text(CONFIGS[kind])
    one_line(cli("run", "--model", model_copy, "--out", tmp_path / "run"), "config.json")


def test_a_configuration_of_gigabytes_is_not_read(cli: Cli, model_copy: Path, tmp_path: Path) -> None:
    with (model_copy / "config.json").open("wb") as file:
        file.truncate(5 << 30)  # of which nothing is on the disk
    one_line(cli("run", "--model", model_copy, "--out", tmp_path / "run"), "config.json", "expected at most")


ENDLESS = {
    "loops": "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
    "gigabytes": "{% set x = 'x' * 3000000000 %}{% set y = x ~ x %}",
    "only with an answer before": "{% if messages|length > 1 %}{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}{% endif %}",
}


@pytest.mark.parametrize("kind", ENDLESS)
def test_a_chat_template_without_end_is_one_line(
    cli: Cli, model_copy: Path, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(template, "TEMPLATE_SECONDS", 1.0)
    said = "{% for m in messages %}{{ m['content'] }}{% endfor %}"
    (model_copy / "chat_template.jinja").write_text(said + ENDLESS[kind])
    began = time.monotonic()
    done = cli("run", "--model", model_copy, "--tasks", "jeval_keigo_choice", "--limit", 1, "--out", tmp_path / "run")
    assert time.monotonic() - began < 200
    one_line(done, "chat template")


def test_limits_nest_and_end() -> None:
    with pytest.raises(TimeoutError), limited(30), limited(0.05):
        while True:
            pass
    with pytest.raises(TimeoutError), limited(0.05), limited(30):
        while True:
            pass
    with limited(0.05):
        pass
    time.sleep(0.1)  # nothing rings any more
    with limited(5, 1 << 20):
        pass
    assert len(bytearray(64 << 20)) == 64 << 20


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is held on Linux")
def test_memory_is_held() -> None:
    with pytest.raises(MemoryError), limited(60, 100 << 20):
        bytearray(1 << 30)


def bomb(folder: Path, rows: int, value: str) -> Path:
    """Samples of one text, which a dictionary holds once."""
    path = path_of(folder, "t")
    path.parent.mkdir(parents=True)
    columns = {
        field.name: pa.array([1.0] * rows) if field.type == pa.float64() else pa.DictionaryArray.from_arrays(
            pa.array([0] * rows, pa.int32()), [value if field.name == "id" else "null"]
        ).cast(pa.string()) if field.name != "id" else pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), [value])
        for field in SCHEMA
    }  # fmt: skip
    pq.write_table(pa.table(columns), path, compression="zstd", store_schema=False)
    return path


@pytest.mark.parametrize(("rows", "length"), [(200_000, 1_000), (50, 4_000_000)])
def test_a_small_file_that_unpacks_to_gigabytes_is_refused(
    tmp_path: Path, rows: int, length: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = bomb(tmp_path, rows, "あ" * length)
    assert path.stat().st_size < 2_000_000
    monkeypatch.setattr(samples, "_UNPACKED", 64 << 20)
    with pytest.raises(InputError, match="unpacks to more than 64 MB"):
        read_samples(tmp_path, "t")


def test_samples_nested_without_end_are_one_line(tmp_path: Path) -> None:
    bomb(tmp_path, 1, "[" * 100_000)
    with pytest.raises(InputError, match="missing or damaged"):
        read_samples(tmp_path, "t")


def gguf(*, tensors: int = 0, pairs: int = 0, rest: bytes = b"") -> bytes:
    return (b"GGUF" + struct.pack("<IQQ", 3, tensors, pairs) + rest)[:80].ljust(80, b"\0")


def text(value: bytes, length: int | None = None) -> bytes:
    return struct.pack("<Q", len(value) if length is None else length) + value


GGUFS = {
    "many tensors": gguf(tensors=1 << 60),
    "many keys": gguf(pairs=1 << 60),
    "a long key": gguf(pairs=1, rest=text(b"a", 1 << 40)),
    "a long text": gguf(pairs=1, rest=text(b"k") + struct.pack("<I", 8) + text(b"", 1 << 40)),
    "a long list": gguf(pairs=1, rest=text(b"k") + struct.pack("<IIQ", 9, 0, 1 << 40)),
    "a list of lists": gguf(pairs=1, rest=text(b"k") + struct.pack("<IIQ", 9, 9, 1 << 40)),
    "a large tensor": gguf(tensors=1, rest=text(b"t") + struct.pack("<IQQIQ", 2, 1 << 40, 1 << 10, 0, 0)),
}


@pytest.mark.parametrize("kind", GGUFS)
def test_a_gguf_of_80_bytes_that_asks_for_gigabytes_is_one_line(cli: Cli, tmp_path: Path, kind: str) -> None:
    (tmp_path / "m.gguf").write_bytes(GGUFS[kind])
    began = time.process_time()
    done = cli("run", "--model", tmp_path / "m.gguf", "--limit", 1, "--out", tmp_path / "run")
    one_line(done, "m.gguf")
    assert time.process_time() - began < 60
