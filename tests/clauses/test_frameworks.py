"""The frameworks that jeval brings hold together, and one that does not is refused in one line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from jeval.bank import handbook
from jeval.bank.command import bank_app
from jeval.clauses import frameworks
from jeval.clauses.check import Docs, audit_docs, problems
from jeval.clauses.schema import article_of
from jeval.clauses.table import markdown
from jeval.errors import InputError
from jeval.reading import read_yaml
from jeval.resources import data_path
from tests.clauses.clauses_made import clause, framework, made

#: What the clause map covers at least.
NAMED = {
    "ai_jigyosha_guideline", "ai_promotion_act", "aisi_hyoka_kanten", "aml_act", "appi", "banking_act", "banking_act_order",
    "banking_act_rules", "copyright_act", "eu_ai_act", "fiea", "fiea_business_order", "fiea_order", "fsa_chusho", "fsa_jimu_05",
    "fsa_jimu_14", "fsa_jimu_16", "fsa_jimu_17", "fsa_kinsho", "fsa_shuyoko", "nist_ai_rmf", "owasp_llm_top10_2025",
    "ppc_mynumber", "ppc_tsusoku",
}  # fmt: skip


@pytest.fixture(scope="module")
def docs() -> Docs:
    return audit_docs()


def test_every_framework_loads_and_the_ones_asked_for_are_there() -> None:
    found = {one.id for one in frameworks()}
    assert found >= NAMED


def test_every_task_facet_and_value_that_a_clause_names_is_there(docs: Docs) -> None:
    assert problems(frameworks(), docs) == []


def test_the_command_counts_the_clauses_and_names_no_problem() -> None:
    result = CliRunner().invoke(bank_app, ["clauses", "--json"])
    assert result.exit_code == 0
    count = sum(len(one.clauses) for one in frameworks())
    assert json.loads(result.stdout) == {"frameworks": len(frameworks()), "clauses": count, "problems": []}


def test_the_table_of_the_handbook_is_up_to_date() -> None:
    if not handbook.page("clauses").is_file():
        pytest.skip("a wheel has no docs")
    assert handbook.is_current("clauses", "frameworks", markdown(frameworks())), "run jeval bank clauses --write"


def test_knowledge_of_a_rule_is_never_direct_evidence() -> None:
    for one in frameworks():
        for each in one.clauses:
            asked = any(entry.domain == "finreg" or "finreg" in "".join(entry.tasks) for entry in each.evidence)
            assert not (asked and each.coverage == "direct"), (one.id, each.number)


def test_descriptions_are_one_sentence_in_each_language() -> None:
    for one in frameworks():
        for each in one.clauses:
            assert each.says.ja.endswith("。"), (one.id, each.number)
            assert each.says.ja.count("。") <= 2, (one.id, each.number)
            assert each.says.en.endswith("."), (one.id, each.number)
            assert not set(each.says.en) & set("、。「」"), (one.id, each.number)


def test_the_room_of_data_is_described() -> None:
    about = read_yaml(data_path("frameworks", "about.yaml"))
    assert set(about["folders"]) == {path.name for path in data_path("frameworks").iterdir() if path.is_dir()}
    for path in data_path("frameworks").rglob("*.yaml"):
        assert path.read_text(encoding="utf-8").startswith("# "), path.name


@pytest.mark.parametrize(
    ("evidence", "problem"),
    [
        ([{"tasks": ["jeval_leak_contxt"]}], "no task 'jeval_leak_contxt'; did you mean jeval_leak_context"),
        ([{"tasks": ["jeval_search_leak_context"]}], "is not of the audit suite"),
        ([{"domain": "finrg"}], "no domain 'finrg'; did you mean finreg?"),
        ([{"domain": "finreg", "where": {"laws": ["銀行法"]}}], "no facet 'laws' of finreg; did you mean law?"),
        (
            [{"domain": "finreg", "where": {"law": ["銀行法施工規則"]}}],
            "no item has law '銀行法施工規則'; did you mean",
        ),
        ([{"domain": "finreg", "where": {"law": ["銀行法"], "article": ["36の3"]}}], "no item has all of"),
        ([{"tasks": ["jeval_leak_context", "jeval_leak_control"]}], "of several domains or sides"),
        ([{"domain": "finreg"}, {"domain": "keigo"}], "of several domains or sides"),
    ],
)
def test_a_name_that_is_nowhere_is_a_problem_with_near_matches(evidence: list[Any], problem: str, docs: Docs) -> None:
    (found, *_) = problems([made(clause(number="7", evidence=evidence))], docs)
    assert found.startswith("house: 7: ")
    assert problem in found


@pytest.mark.parametrize(
    ("number", "article"),
    [
        ("第13条の6の5", ("13の6の5", "", "", "")),
        ("第117条第1項第14号の2", ("117", "1", "14", "の2")),
        ("第27条第5項", ("27", "5", "", "")),
        ("27条", None),
        ("第二十七条", None),
        ("第27条\n", None),
    ],
)
def test_numbers_of_statutes_name_an_article(number: str, article: tuple[str, ...] | None) -> None:
    assert article_of(number) == article


def _broken(**fields: Any) -> dict[str, Any]:
    return framework(clause(coverage="none")) | fields


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("clauses: [1\n", r"house\.yaml:2: not YAML"),
        ("- 1\n", "the whole: .*found list"),
        (_broken(isuer=1), "isuer: no such field; did you mean issuer?"),
        (
            _broken(clauses=[clause(coverage="none", evidnce=[])]),
            "clauses.0.evidnce: no such field; did you mean evidence",
        ),
        (
            _broken(clauses=[clause(evidence=[{"task": ["a"]}])]),
            "clauses.0.evidence.0.task: no such field; did you mean tasks",
        ),
        (_broken(title={"ja": "x", "eng": "x"}), "title.en: Field required"),
        (_broken(clauses=[]), "clauses: "),
        (_broken(clauses=[clause(coverage="none")] * 2), "clause 1 occurs twice"),
        (_broken(clauses=[clause(coverage="none", reason=None)]), "needs a reason"),
        (_broken(clauses=[clause(coverage="direct")]), "coverage direct without evidence"),
        (_broken(clauses=[clause(coverage="none", evidence=[{"domain": "leak"}])]), "coverage none with evidence"),
        (_broken(clauses=[clause(evidence=[{"tasks": ["a"], "domain": "b"}])]), "one of the two"),
        (_broken(clauses=[clause(coverage="most")]), "'direct', 'partial' or 'none', found 'most'"),
        (_broken(law_id="356AC0000000059"), "clause '1' of a statute; expected 第13条の6の5"),
        (_broken(id="other"), "id: 'other' is not the name of the file"),
        (_broken(id="../house"), "id: "),
        (_broken(says="\u202e" * 100_000), "says: no such field"),
        (_broken(edition={"ja": "\n", "en": "e"}), "edition.ja: says nothing"),
        (_broken(edition="1"), "edition: Input should be a valid dictionary"),
        (_broken(checked="yesterday"), "checked: "),
        ('? "\\n\\e[2J' + "x" * 5000 + '"\n: 1\n', "house.yaml: id: Field required, found dict"),
        (_broken(**{"\n\x1b[2J" + "x" * 5000: 1}), "no such field"),
        ("[" * 20_000, "nested too deeply|not YAML"),
        (
            "a: &a [x, x, x, x]\nb: &b [*a, *a, *a, *a]\nc: &c [*b, *b, *b, *b]\ntitle: [*c, *c, *c, *c]\n",
            "house.yaml: ",
        ),
    ],
)
def test_a_framework_of_another_form_is_one_line(tmp_path: Path, content: Any, words: str) -> None:
    text = content if isinstance(content, str) else yaml.safe_dump(content, allow_unicode=True)
    (tmp_path / "house.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=words) as caught:
        frameworks(tmp_path)
    assert len(str(caught.value)) < 1000
    assert "\n" not in str(caught.value)


def test_a_folder_without_frameworks_is_said(tmp_path: Path) -> None:
    (tmp_path / "about.yaml").write_text("room: x\n", encoding="utf-8")
    with pytest.raises(InputError, match="holds no framework"):
        frameworks(tmp_path)
