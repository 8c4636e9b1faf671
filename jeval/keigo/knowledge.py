"""The analyser's knowledge, read once from ``data/keigo``: word classes, atoms, frames, rules, roles.

A new verb, noun, frame or rule is a line in those files; nothing here names one.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from jeval.errors import InputError
from jeval.keigo.patterns import Pattern, Tests
from jeval.keigo.tokens import Dictionary, Tagger, Token
from jeval.resources import data_path

_FIELDS = {"surface", "lemma", "l_form", "pos", "c_type", "c_form", "orth_base", "goshu"}
_CONDITION = re.compile(r"(\w+)(\^=|~=|!=|=)(\S+)$")


class Rule:
    """One frame or rule of the data files, compiled. ``fields`` holds its row as written."""

    __slots__ = ("fields", "id", "if_text", "pattern", "regex", "suggestions", "type", "unless_text")

    def __init__(self, fields: dict[str, Any], bit: Callable[[str], int], tests: Tests) -> None:
        self.fields = fields
        self.id = str(fields["id"])
        self.type = str(fields["type"])
        self.pattern = Pattern(fields["pattern"], bit, tests) if "pattern" in fields else None
        self.regex = re.compile(fields["regex"]) if "regex" in fields else None
        self.if_text = re.compile(fields["if"]) if "if" in fields else None
        self.suggestions = [(re.compile(source), target) for source, target in fields.get("suggest", ())]
        self.unless_text = re.compile(fields["unless"]) if "unless" in fields else None

    def suggestion(self, surface: str, rest: str) -> str | None:
        """What should stand for ``surface`` (``rest`` follows it), where the right form follows by rule."""
        for source, target in self.suggestions:
            piece = source.sub(target, f"{surface}|{rest[:3]}", count=1)
            changed = piece.partition("|")[0]
            if "|" in piece and changed != surface:
                return changed
        return None

    def holds(self, text: str) -> bool:
        """Whether the conditions on the sentence around the match are met."""
        if self.if_text is not None and not self.if_text.search(text):
            return False
        return self.unless_text is None or not self.unless_text.search(text)


class Knowledge:
    """Everything the analyser looks up. Use :func:`knowledge`, which reads the files once."""

    def __init__(self, folder: Path) -> None:
        self.dictionary = Dictionary()
        self._bits: dict[str, int] = {}
        self._atoms: list[tuple[int, Callable[[Token], bool]]] = []
        self._by_lemma: dict[str, int] = {}
        self._by_reading: dict[tuple[str, str], int] = {}
        self._by_surface: dict[str, int] = {}
        self.words: dict[str, frozenset[str]] = {}
        self.expressions = {name: re.compile(source) for name, source, *_ in _rows(folder / "expressions.tsv", 2)}
        for name, conditions in _rows(folder / "atoms.tsv", 2):
            self._atoms.append((self._new_bit(name), _atom(conditions, folder / "atoms.tsv")))
        for name, words, *_ in _rows(folder / "lexicon.tsv", 2):
            self._add_class(name, words.split())
        for name, test in self._derived().items():
            self._atoms.append((self._new_bit(name), test))
        self.respellings = [(re.compile(source), target) for source, target, *_ in _rows(folder / "respellings.tsv", 2)]
        firsts = "".join(re.sub(r"^(?:\(\?<[!=].*?\))*", "", source.pattern)[0] for source, _ in self.respellings)
        every = "|".join(f"(?:{source.pattern})" for source, _ in self.respellings)
        self.respell = re.compile(f"(?=[{firsts}])(?:{every})")
        self._tests = Tests()
        self.person_test = self._tests.bit(((self.bit("person_part"), 0),))
        self.phrase_part = self.bit("phrase_part")
        self.surname = self.bit("surname")
        self.hearing = self.bit("hearing")
        document = _yaml(folder / "form_frames.yaml")
        self.frames = [Rule(row, self.bit, self._tests) for row in document["frames"]]
        self.rules = [Rule(row, self.bit, self._tests) for row in _yaml(folder / "rules.yaml")["rules"]]
        self.by_id = {rule.id: rule for rule in self.rules}
        self.tagger = Tagger(self._prepare)

    def bit(self, name: str) -> int:
        """Bit of an atom or word class; KeyError when there is none."""
        return self._bits[name]

    def _new_bit(self, name: str) -> int:
        return self._bits.setdefault(name, 1 << len(self._bits))

    def _add_class(self, name: str, words: list[str]) -> None:
        bit = self._new_bit(name)
        self.words[name] = self.words.get(name, frozenset()) | frozenset(words)
        for word in words:
            lemma, _, reading = word.partition("/")
            if word.startswith("="):
                self._by_surface[word[1:]] = self._by_surface.get(word[1:], 0) | bit
            elif reading:
                self._by_reading[lemma, reading] = self._by_reading.get((lemma, reading), 0) | bit
            else:
                self._by_lemma[lemma] = self._by_lemma.get(lemma, 0) | bit

    def _prepare(self, token: Token) -> None:
        lemma = token.lemma.split("-")[0]
        mask = self._by_surface.get(token.surface, 0) | self._by_reading.get((lemma, token.l_form), 0)
        mask |= self._by_lemma.get(lemma, 0)
        if token.pos.startswith(
            "名詞-普通名詞"
        ):  # お戻り: the noun is the verb's stem, and belongs where the verb belongs
            mask |= self._by_lemma.get(self.dictionary.verb_of_stem(token.surface), 0)
        token.mask = mask
        for bit, test in self._atoms:
            if test(token):
                token.mask |= bit
        token.tests = self._tests.passed(token.mask)
        token.frames = self._starting(self.frames, token)
        token.rules = self._starting([rule for rule in self.rules if rule.fields["tier"] == "norm"], token)

    def _starting(self, rules: list[Rule], token: Token) -> tuple[Rule, ...]:
        return tuple(rule for rule in rules if rule.pattern is not None and token.tests & rule.pattern.head)

    def _derived(self) -> dict[str, Callable[[Token], bool]]:
        """Atoms that need the dictionary: what a token's own features do not tell."""
        dictionary = self.dictionary

        def deverbal(token: Token) -> bool:
            return token.pos.startswith("名詞-普通名詞") and bool(dictionary.verb_of_stem(token.surface))

        def ra_deleted(token: Token) -> bool:
            """見れる: its written base ends in れる, the lemma is the 一段 or カ変 verb without れ."""
            if token.c_type != "下一段-ラ行" or not token.orth_base.endswith("れる") or not token.lemma:
                return False
            if token.lemma == "来る":
                return token.orth_base in {"来れる", "これる"}
            if token.l_form.endswith("レル") and not token.orth_base.endswith("れれる"):
                return False  # 仕入れる: the verb itself
            base = token.orth_base[:-2] + "る"
            own = dictionary.verb_type(token.lemma.split("-")[0])
            if not own.startswith(("上一段", "下一段", "カ行変格")):
                return False
            return base != token.orth_base and dictionary.verb_type(base).startswith(("上一段", "下一段", "カ行変格"))

        def causative_sa(token: Token) -> bool:
            """歌わさ of 歌わす: a 五段-サ行 verb made from the 未然形 of another 五段 verb."""
            return (
                token.c_type == "五段-サ行"
                and token.c_form.startswith("未然形")
                and bool(dictionary.godan_of_irrealis(token.surface[:-1]))
            )

        def causative_sasa(token: Token) -> bool:
            """食べささ of 食べさす."""
            return (
                token.c_type == "五段-サ行"
                and token.surface.endswith("ささ")
                and bool(dictionary.verb_type(token.surface[:-2] + "る"))
            )

        def own_causative(token: Token) -> bool:
            """動か of 動かす: させ after it is the causative of the transitive verb, not an inserted さ."""
            if not token.c_form.startswith("未然形") or not token.c_type.startswith("五段"):
                return False
            return token.surface + "す" in self.words["sa_genuine"]

        def person_part(token: Token) -> bool:
            if not token.pos.startswith(("名詞", "代名詞", "接尾辞", "形状詞")):
                return False
            return bool(person.search(token.surface)) or bool(token.mask & self.bit("surname")) or "人名" in token.pos

        person = self.expressions["person_part"]
        return {
            "person_part": person_part, "own_causative": own_causative, "deverbal": deverbal, "act": deverbal, "ra_deleted": ra_deleted, "causative_sa": causative_sa,
            "causative_sasa": causative_sasa,
        }  # fmt: skip


@lru_cache(maxsize=1)
def knowledge() -> Knowledge:
    """The knowledge of the installed data files, read on first use."""
    return Knowledge(data_path("keigo", "knowledge"))


def _rows(path: Path, columns: int) -> list[list[str]]:
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line and not line.startswith("#"):
            row = line.split("\t")
            if len(row) < columns:
                raise InputError(f"{path}:{number}: expected {columns} tab-separated columns, found {len(row)}")
            rows.append(row)
    return rows


def _yaml(path: Path) -> Any:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(path.read_text(encoding="utf-8"), Loader=loader)


def _atom(text: str, path: Path) -> Callable[[Token], bool]:
    conditions = []
    for part in text.split(" "):
        found = _CONDITION.match(part)
        if not found or found[1] not in _FIELDS:
            raise InputError(f"{path}: condition {part!r}: expected field=value, field^=prefix or field~=part")
        conditions.append((found[1], found[2], tuple(found[3].split(","))))

    def test(token: Token) -> bool:
        for field, sign, values in conditions:
            value = getattr(token, field)
            if sign == "=":
                held = value in values
            elif sign == "!=":
                held = value not in values
            elif sign == "^=":
                held = value.startswith(values)
            else:
                held = any(part in value for part in values)
            if not held:
                return False
        return True

    return test
