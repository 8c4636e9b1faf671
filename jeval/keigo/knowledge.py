"""The analyser's knowledge, read once from ``data/keigo/knowledge``: atoms, word classes, expressions, frames, rules.

A new verb, noun, frame or rule is a line in those files; nothing here names one.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from jeval.keigo.actors import Actors
from jeval.keigo.atoms import Atoms, Bits
from jeval.keigo.derived import DerivedAtoms
from jeval.keigo.dictionary import Dictionary, Inflection
from jeval.keigo.lexicon import Lexicon
from jeval.keigo.patterns import Pattern, Tests
from jeval.keigo.tokens import Tagger, Token
from jeval.reading import read_tsv, read_yaml
from jeval.resources import data_path

_LOOK_BEHIND = re.compile(r"^(?:\(\?<[!=].*?\))*")


class Rule:
    """One frame or rule of the data files, compiled; ``fields`` holds its row as written."""

    def __init__(self, fields: dict[str, Any], bits: Bits, tests: Tests) -> None:
        self.fields = fields
        self.id = str(fields["id"])
        self.type = str(fields["type"])
        self.norm = fields.get("tier") == "norm"
        self.late = bool(fields.get("late"))
        self.safe = bool(fields.get("safe"))
        self.when = str(fields.get("when", ""))
        self.keys: list[str] = fields.get("keys") or [""]
        self.pattern = Pattern(fields["pattern"], bits, tests) if "pattern" in fields else None
        self.regex = re.compile(fields["regex"]) if "regex" in fields else None
        self.if_text = re.compile(fields["if"]) if "if" in fields else None
        self.unless_text = re.compile(fields["unless"]) if "unless" in fields else None
        self.suggestions = [(re.compile(source), str(target)) for source, target in fields.get("suggest", ())]

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
    """Everything the analyser looks up. Use :func:`knowledge`, which reads the files once.

    Attributes:
        bits: the bit of every atom and word class in ``Token.mask``.
        words: the words of each class.
        expressions: named regular expressions.
        dictionary, tagger: MeCab, asked for one word and for a sentence.
        frames, rules, by_id: how honorifics are made, and misused.
        active: the rules that are asked.
        actors: the cues to who acts where nobody is named.
        norm, citation: the norm as findings and as sources of items name it.
        person_test: the test (see :class:`jeval.keigo.patterns.Tests`) of tokens that may name a person.
        respell, respellings: whether a text holds a spelling that the dictionary breaks, and what is put for it.
    """

    def __init__(self, folder: Path, contested: bool = False) -> None:
        atoms, lexicon = read_tsv(folder / "atoms.tsv", 2), read_tsv(folder / "lexicon.tsv", 2)
        names = [name for name, *_ in (*atoms, *lexicon)]
        self.bits = Bits([*names, *DerivedAtoms.NAMES])
        self._atoms = Atoms(atoms, self.bits, folder / "atoms.tsv")
        self._lexicon = Lexicon(lexicon, self.bits)
        self.words = self._lexicon.words
        self.expressions = {name: re.compile(source) for name, source, *_ in read_tsv(folder / "expressions.tsv", 2)}
        self.dictionary = Dictionary(self._atoms, Inflection.read(folder / "inflection.yaml"))
        self._derived = DerivedAtoms(
            self.bits, self.dictionary, self.expressions["person_part"], self.words["sa_genuine"]
        )
        self.respellings = [
            (re.compile(source), target) for source, target, *_ in read_tsv(folder / "respellings.tsv", 2)
        ]
        self.respell = _any_of([source.pattern for source, _ in self.respellings])
        self._tests = Tests()
        self.person_test = self._tests.bit(((self.bits.person_part, 0),))
        self.frames = self._rules(folder / "form_frames.yaml", "frames")
        self.rules = self._rules(folder / "rules.yaml", "rules")
        self.active = [rule for rule in self.rules if rule.norm or contested]
        self.by_id = {rule.id: rule for rule in self.rules}
        self.actors = Actors(folder / "actors.yaml", self.bits)
        named = read_yaml(folder / "norm.yaml")
        self.norm, self.citation = str(named["short"]), str(named["citation"])
        self.tagger = Tagger(self._prepare)

    def bit(self, name: str) -> int:
        """Bit of an atom or word class; KeyError when there is none."""
        return self.bits[name]

    def _rules(self, path: Path, key: str) -> list[Rule]:
        return [Rule(row, self.bits, self._tests) for row in read_yaml(path)[key]]

    def _prepare(self, token: Token) -> None:
        """Ask everything that can be asked of a token outside of its sentence."""
        token.mask = self._atoms.mask(token)
        stem = token.mask & self.bits.common_noun
        verb = self.dictionary.verb_of_stem(token.surface) if stem else ""
        token.mask |= self._lexicon.mask(token, verb)
        token.mask |= self._derived.mask(token, verb)
        token.tests = self._tests.passed(token.mask)
        token.frames = _starting(self.frames, token)
        token.rules = _starting(self.active, token)


def _starting(rules: list[Rule], token: Token) -> tuple[Rule, ...]:
    return tuple(rule for rule in rules if rule.pattern is not None and token.tests & rule.pattern.head)


def _any_of(sources: list[str]) -> re.Pattern[str]:
    """One expression for all, which looks at the first character before it tries them."""
    firsts = "".join(_LOOK_BEHIND.sub("", source)[0] for source in sources)
    return re.compile(f"(?=[{firsts}])(?:{'|'.join(f'(?:{source})' for source in sources)})")


def knowledge(contested: bool = False) -> Knowledge:
    """The knowledge of the installed data files, read on first use; with the rules that authorities dispute if ``contested``."""
    return _read(contested)


@lru_cache(maxsize=2)
def _read(contested: bool) -> Knowledge:
    return Knowledge(data_path("keigo", "knowledge"), contested)
