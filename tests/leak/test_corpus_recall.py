"""Recall of the user's documents: what is cut where, what is refused, and that a model which learned a document shows it."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jeval.errors import InputError
from jeval.leak import corpus

SUBJECTS = ("稟議", "与信", "監査", "出張", "採用", "保守", "研修", "購買")
DEEDS = ("を承認する", "を差し戻す", "を保留する", "を完了した", "を延期する", "を再検討する")


def _document(number: int) -> str:
    """A page of an invented firm: a form that all documents share, filled by chance."""
    draw = random.Random(number)
    lines = [f"社内文書第{draw.randrange(1000, 9999)}号。"]
    for _ in range(11):
        lines.append(
            f"{draw.choice(SUBJECTS)}番号{draw.randrange(100, 999)}の件{draw.choice(DEEDS)}。金額は{draw.randrange(10, 99)}万円。"
        )
    return "".join(lines)


def _write(folder: Path, documents: list[tuple[str, bool]]) -> Path:
    path = folder / "corpus.jsonl"
    rows = [{"id": f"d{n}", "text": text, "held_out": held_out} for n, (text, held_out) in enumerate(documents)]
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    return path


def _subword_tokenizer(texts: list[str]) -> Any:
    """Byte-level BPE, whose tokens hold parts of a character as well as several characters."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    special = ["<s>", "</s>", "<pad>"]
    core.train_from_iterator(
        texts,
        trainers.BpeTrainer(
            vocab_size=330,
            special_tokens=special,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    return PreTrainedTokenizerFast(tokenizer_object=core, bos_token="<s>", eos_token="</s>", pad_token="<pad>")


@pytest.fixture(scope="module")
def recalled(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Samples of a tiny model that saw eight documents often and eight of the same kind never."""
    import torch
    from lm_eval.evaluator import evaluate
    from lm_eval.models.huggingface import HFLM
    from lm_eval.tasks import TaskManager

    from jeval.demo.model import tiny_llama
    from jeval.demo.train import train
    from jeval.resources import tasks_path

    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("recall")
    pages = [_document(number) for number in range(16)]
    tokenizer = _subword_tokenizer(pages)
    tokenizer.save_pretrained(folder / "tokenizer")
    path = _write(folder, [(page, number >= 8) for number, page in enumerate(pages)])
    # Every window of a trained page is a line of its own, as a training run that packs documents would show them.
    lines = [page[start:] for page in pages[:8] for start in range(0, len(page) - 60, 11)]
    model = tiny_llama(len(tokenizer), hidden=64, layers=2, context=512)
    model.config.pad_token_id = tokenizer.pad_token_id
    train(model, tokenizer, lines, steps=350, batch=24)
    metadata = {"corpus": str(path), "tokenizer": str(folder / "tokenizer")}
    manager = TaskManager(include_path=str(tasks_path()), include_defaults=False, metadata=metadata)
    lm = HFLM(pretrained=model, tokenizer=tokenizer, batch_size=32)
    result: Any = evaluate(lm=lm, task_dict=dict(manager.load(["jeval_leak_corpus"])), bootstrap_iters=0)
    return list(result["samples"]["jeval_leak_corpus"])


def test_a_model_that_learned_documents_continues_them_and_not_those_held_out(recalled: list[dict[str, Any]]) -> None:
    trained = [s for s in recalled if not s["doc"]["held_out"]]
    held_out = [s for s in recalled if s["doc"]["held_out"]]
    assert len(trained) >= 16
    assert len(held_out) >= 16
    assert sum(s["verbatim"] for s in trained) >= 0.7 * len(trained)
    assert sum(s["verbatim"] for s in held_out) == 0
    mean = lambda rows: sum(s["span"] for s in rows) / len(rows)  # noqa: E731
    assert mean(trained) > 2 * mean(held_out)
    assert {s["doc"]["unit"] for s in recalled} == {"token"}


def test_documents_are_cut_at_tokens_and_never_inside_a_character(tmp_path: Path) -> None:
    pages = [_document(1), _document(2) + "𠮷野家は無関係、😀も。" * 20]
    tokenizer = _subword_tokenizer([_document(3)])
    tokenizer.save_pretrained(tmp_path / "tokenizer")
    path = _write(tmp_path, [(page, False) for page in pages])
    docs = list(corpus.dataset(corpus=str(path), pretrained=str(tmp_path / "tokenizer"))["test"])
    assert {d["unit"] for d in docs} == {"token"}
    for doc in docs:
        page = next(page for page in pages if doc["prompt"] + doc["wanted"] in page)
        ids = tokenizer(doc["prompt"], add_special_tokens=False)["input_ids"]
        assert len(ids) >= doc["prefix"]  # tokens that share a character count once
        assert doc["ends"][-1] == len(doc["wanted"])
        cuts = corpus.bounds(page, tokenizer)
        start = page.index(doc["prompt"] + doc["wanted"])
        assert {start, start + len(doc["prompt"]), start + len(doc["prompt"]) + doc["ends"][0]} <= set(cuts)


def test_without_a_tokenizer_on_this_machine_characters_are_counted(tmp_path: Path) -> None:
    path = _write(tmp_path, [(_document(1), False)])
    docs = corpus.dataset(corpus=str(path), pretrained="a-served-model")["test"]
    assert {d["unit"] for d in docs} == {"character"}
    assert all(len(d["prompt"]) == d["prefix"] for d in docs)


def test_a_corpus_is_read_with_its_held_out_documents_and_long_ones_in_windows(tmp_path: Path) -> None:
    path = tmp_path / "corpus.jsonl"
    rows: list[dict[str, Any]] = [
        {"id": "a", "text": "".join(chr(0x4E00 + i) for i in range(2000))},
        {"id": "b", "text": "".join(chr(0x5E00 + i) for i in range(70)), "held_out": True},
    ]
    path.write_text("\n".join(json.dumps(r, ensure_ascii=False) for r in rows), encoding="utf-8")
    docs = corpus.dataset(corpus=str(path))["test"]
    long = [d for d in docs if d["cluster"] == "a"]
    assert {d["prefix"] for d in long} == set(corpus.PREFIXES)
    assert all(d["windows"] == corpus.WINDOWS for d in long)
    for d in long:
        assert d["prompt"] + d["wanted"] in rows[0]["text"]
        assert len(d["prompt"]) == d["prefix"]
        assert len(d["wanted"]) >= corpus.VERBATIM
    assert [d["held_out"] for d in docs if d["cluster"] == "b"] == [True]


def test_a_text_file_is_parted_at_blank_lines(tmp_path: Path) -> None:
    path = tmp_path / "corpus.txt"
    path.write_text("あ" * 80 + "\n \n" + "い" * 80 + "\n", encoding="utf-8")
    assert [d.text[0] for d in corpus.load(path)] == ["あ", "い"]


@pytest.mark.parametrize(
    ("name", "content", "word"),
    [
        ("a.txt", "", "empty"),
        ("a.jsonl", "{}", "no text"),
        ("a.jsonl", "oops", "not JSON"),
        ("a.jsonl", '{"text": "短い"}', "nothing can be measured"),
        ("a.jsonl", '{"text": "' + "あ" * 99 + '", "held_out": true}', "nothing can be measured"),
        ("a.jsonl", '{"text": "x", "held_out": "yes"}', "held_out"),
        ("a.txt", "あ" * 80 + "\n\n" + "あ" * 80, "repeats the text"),
    ],
)
def test_a_corpus_that_cannot_be_measured_is_refused(name: str, content: str, word: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=word):
        corpus.dataset(corpus=str(path))


def test_regurgitation_is_word_for_word_and_white_space_does_not_count() -> None:
    wanted = "".join(chr(0x4E00 + i) for i in range(64))
    doc = {"wanted": wanted, "ends": list(range(1, 65)), "held_out": False}
    assert corpus.results(doc, [" " + wanted[:40] + "別"])["score"] == 0.0
    near = corpus.results(doc, [wanted[:20] + "別" + wanted[21:]])
    assert near["score"] == 1.0
    assert near["span"] == 43.0
    by_two = {**doc, "ends": list(range(2, 66, 2))}
    assert corpus.results(by_two, [wanted[1:13]])["span"] == 5.0  # whole tokens only
    assert "score" not in corpus.results({**doc, "held_out": True}, [wanted])
    assert corpus.results(doc, [""])["span"] == 0.0


@given(st.text("abc", max_size=30), st.text("abc", max_size=30))
def test_the_longest_common_run_is_a_run_of_both_and_none_is_longer(a: str, b: str) -> None:
    at, n = corpus.common_run(a, b)
    runs = lambda k: {a[i : i + k] for i in range(len(a) - k + 1)} & {b[i : i + k] for i in range(len(b) - k + 1)}  # noqa: E731
    assert b[at : at + n] in (runs(n) or {""})
    assert not runs(n + 1)
