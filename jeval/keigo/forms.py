"""Honorific expressions of one tokenised sentence: frames, special forms, nouns, polite endings.

Frames come from ``data/keigo/knowledge/form_frames.yaml``; words from ``lexicon.tsv``. What is left to code is what a table cannot say: whose
thing or act an お/ご noun is, and whether a れる・られる is an honorific.
"""

from __future__ import annotations

from functools import reduce
from operator import attrgetter, or_
from typing import NamedTuple

from jeval.keigo.clause import Clause
from jeval.keigo.knowledge import Knowledge
from jeval.keigo.persons import RESPECTED, Scene
from jeval.keigo.tokens import Token
from jeval.keigo.voice import honorific_reru

_TESTS = attrgetter("tests")


class Found(NamedTuple):
    """A form over tokens ``start:end``. ``agent``: it says that somebody does something; ``frame``: how it is made."""

    start: int
    end: int
    type: str
    frame: str
    agent: bool


class FormFinder:
    """Finds forms; one instance per knowledge, holding the atoms it asks for."""

    def __init__(self, knowledge: Knowledge) -> None:
        bit = knowledge.bit
        self.knowledge = knowledge
        self.pfx = bit("pfx")
        self.verbs = (
            (bit("sonkei_verb"), "sonkeigo"), (bit("kenjo1_verb"), "kenjogo1"), (bit("kenjo2_verb"), "kenjogo2"),
        )  # fmt: skip
        self.nouns = (
            (bit("sonkei_noun"), "sonkeigo"), (bit("kenjo1_noun"), "kenjogo1"), (bit("kenjo2_noun"), "kenjogo2"),
        )  # fmt: skip
        names = (
            "reru masu desu ta nu gozaru oru mieru te kudasaru itasu suru bikago bikago_go kenjo1_own fixed_o sama adj "
            "na_adj imperative naru ni wo nominal verb act mairu fixed_sama nasaru speech_act leave"
        )
        self.bits = {name: bit(name) for name in names.split()}
        b = self.bits
        self.interest = (
            self.pfx | b["reru"] | b["masu"] | b["desu"] | b["gozaru"] | b["oru"] | b["mieru"]
            | sum(one for one, _ in self.verbs) | sum(one for one, _ in self.nouns)
        )  # fmt: skip

    def __call__(self, tokens: list[Token], clause: Clause, scene: Scene, question: bool) -> list[Found]:
        interest = self.interest
        present = reduce(or_, map(_TESTS, tokens), 0)
        found: list[Found] = []
        end = 0
        for i, token in enumerate(tokens):
            mask = token.mask
            if i < end or not (mask & interest or token.frames):
                continue
            one = (self._frame(tokens, i, present) if token.frames else None) or self._word(
                tokens, i, clause, scene, question
            )
            if one is not None:
                if one.type:
                    found.append(one)
                end = one.end
        return found

    def _frame(self, tokens: list[Token], i: int, present: int) -> Found | None:
        following = tokens[i + 1].tests if i + 1 < len(tokens) else 0
        for rule in tokens[i].frames:
            pattern = rule.pattern
            if (following & pattern.second or not pattern.second) and present & pattern.needs == pattern.needs:
                hit = pattern.match(tokens, i)
                if hit:
                    last = tokens[hit[3] - 1]
                    if last.surface == "なさい" and last.mask & self.bits["imperative"]:
                        return Found(hit[0], hit[1], "", "greeting", False)  # お帰りなさい
                    return Found(hit[2], hit[3], rule.type, rule.id, True)
        return None

    def _word(self, tokens: list[Token], i: int, clause: Clause, scene: Scene, question: bool) -> Found | None:
        token = tokens[i]
        mask = token.mask
        b = self.bits
        if mask & (b["masu"] | b["desu"]):
            return Found(i, self._polite_end(tokens, i), "teineigo", "polite", False)
        if mask & b["gozaru"]:
            return Found(i, self._polite_end(tokens, i), "teineigo", "gozaru", False)
        if mask & self.pfx:
            return self._noun(tokens, i, clause)
        following = tokens[i + 1].mask if i + 1 < len(tokens) else 0
        for one, form in self.verbs:
            if mask & one:
                return self._special(tokens, i, form, following)
        for one, form in self.nouns:
            if mask & one:
                act = following & b["suru"] and form == "kenjogo1"
                raised = (
                    act and i + 2 < len(tokens) and tokens[i + 2].mask & b["reru"]
                )  # 拝見される: wrong, still kenjo
                return Found(
                    i,
                    i + 3 if raised else i + 2 if act else i + 1,
                    form,
                    "special" if act else "word",
                    bool(act or following & b["itasu"]),
                )
        if mask & b["oru"]:
            if i and tokens[i - 1].surface in {"を", "から"}:
                return None
            if following & b["reru"]:
                return Found(i, i + 2, "sonkeigo", "orareru", True)
            return Found(i, i + 1, "kenjogo2", "oru", True)
        if mask & b["mieru"]:
            subject = clause.subject(i)
            if subject is not None and subject.role in RESPECTED and not self._thing_before(tokens, i):
                return Found(i, i + 2 if following & b["reru"] else i + 1, "sonkeigo", "mieru", True)
            return None
        if mask & b["reru"] and honorific_reru(tokens, i, clause, scene, question, self.knowledge):
            sahen = i > 1 and tokens[i - 1].mask & b["suru"] and not tokens[i - 2].mask & b["wo"]
            start = i - 2 if sahen else i - 1
            return Found(max(start, 0), i + 1, "sonkeigo", "reru", True)
        return None

    def _special(self, tokens: list[Token], i: int, form: str, following: int) -> Found | None:
        b = self.bits
        token = tokens[i]
        before = tokens[i - 1].mask if i else 0
        polite = i + 1 < len(tokens) and tokens[i + 1].surface == "ませ" and tokens[i + 1].mask & b["imperative"]
        if token.mask & b["kudasaru"] and before & b["te"] and (token.mask & b["imperative"] or polite):
            return None  # 〜てください: counted by some, not by others
        if token.mask & b["itasu"] and i + 1 < len(tokens) and tokens[i + 1].surface in {"方", "かた"}:
            return None
        if token.mask & b["mairu"] and i > 1 and tokens[i - 2].lemma in {"神社", "寺", "墓", "御墓"}:
            return None
        if token.mask & b["nasaru"] and token.surface == "なさい" and token.mask & b["imperative"] and not polite:
            return None  # 早くしなさい
        end = i + 2 if following & b["reru"] else i + 1
        return Found(i, end, form, "special", True)

    def _thing_before(self, tokens: list[Token], i: int) -> bool:
        return i > 0 and tokens[i - 1].surface in {"に", "と", "く", "よく", "そう"}

    def _polite_end(self, tokens: list[Token], i: int) -> int:
        b = self.bits
        end = i + 1
        while end < len(tokens) and tokens[end].mask & (b["masu"] | b["desu"] | b["ta"] | b["nu"]):
            end += 1
        return end

    def _noun(self, tokens: list[Token], i: int, clause: Clause) -> Found | None:
        """お/ご + noun, adjective or adverb: in whose honour is it?"""
        b = self.bits
        if i + 1 >= len(tokens):
            return None
        head = tokens[i + 1]
        if head.pos.startswith(("助詞", "助動詞", "補助記号", "感動詞", "空白", "記号")):
            return None
        end = i + 2
        if head.pos == "接頭辞" and end < len(tokens):  # ご不明な点
            head = tokens[end]
            end += 1
        while (
            end < len(tokens)
            and head.pos.startswith(("名詞", "代名詞", "動詞", "形状詞"))
            and (tokens[end].pos.startswith(("接尾辞", "名詞")) and not tokens[end].pos.startswith("名詞-数詞"))
        ):
            end += 1
        last = head.mask
        titled = end > i + 2 and tokens[i + 2].mask & b["sama"]
        if last & b["fixed_o"] or (titled and last & b["fixed_sama"]):
            return Found(i, end, "", "fixed", False)
        surface = tokens[i].surface
        if (
            (surface != "ご" and last & b["bikago"])
            or (surface != "お" and last & b["bikago_go"])
            or (surface == "お" and head.goshu == "外")
        ):
            return Found(i, end, self._owned(tokens, i, clause, "bikago"), "noun", False)
        if end < len(tokens) and tokens[end].mask & b["sama"]:
            end += 1
        kind = self._direction(tokens, i, end, clause, "kenjogo1" if last & b["kenjo1_own"] else "sonkeigo")
        return Found(i, end, kind, "noun", False)

    def _owned(self, tokens: list[Token], i: int, clause: Clause, default: str) -> str:
        """A 美化語 noun stays one; with a respected owner named (先生のお荷物) it is his."""
        return default

    def _direction(self, tokens: list[Token], i: int, end: int, clause: Clause, default: str) -> str:
        before = "".join(token.surface for token in tokens[max(0, i - 2) : i])
        if before.endswith("への"):
            return "kenjogo1"
        if before.endswith(("からの", "様の", "さまの", "御社の", "貴社の", "皆様の", "先生の")):
            return "sonkeigo"
        after = "".join(token.surface for token in tokens[end : end + 3])
        if tokens[i + 1].mask & self.bits["leave"] and after.startswith(("をいただ", "を頂")):
            return "bikago"
        if after.startswith(
            (
                "をいただ",
                "を頂",
                "をくださ",
                "を下さ",
                "をお待ち",
                "を賜",
                "を承",
                "をお受け",
                "をお聞かせ",
                "がございましたら",
                "があれば",
                "がありましたら",
                "はございません",
                "がございます場",
                "がおあり",
                "は承",
                "はお受け",
                "ありがと",
                "をありがと",
                "に感謝",
                "をお寄せ",
            )
        ):
            return "sonkeigo"
        if tokens[i + 1].mask & self.bits["speech_act"] and after.startswith(
            ("があり", "がござい", "したい", "なの", "させ", "まで。", "まで")
        ):
            return "kenjogo1"
        if after.startswith(
            ("を差し上げ", "をさしあげ", "が遅", "を申し上げ", "をいたし", "をさせ", "いたし", "が遅れ")
        ):
            return "kenjogo1"
        return default
