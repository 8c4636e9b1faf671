"""What a sentence says once its politeness is taken off: content units, persons' parts and the grammar of its predicates.

Morphemes come from the analyser's tagger. 〜ます, お〜になる, 〜ていただく and the like leave the units alone; special verbs
(おっしゃる, 伺う …) become the set of plain verbs that they can stand for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from jeval.keigo.judge.stems import before_adjective, before_de, is_prefix, stem_verbs
from jeval.keigo.judge.words import Words, words
from jeval.keigo.knowledge import Knowledge, knowledge
from jeval.keigo.normalise import normalise
from jeval.keigo.persons import phrase_role
from jeval.keigo.text import sentences
from jeval.keigo.tokens import Token

#: Honorific phrases of several morphemes: lemmas, plain verbs.
_PHRASES: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (("目", "に", "掛かる"), ("会う",)),
    (("目", "に", "掛ける"), ("見せる",)),
    (("目", "に", "留まる"), ("見る",)),
    (("御覧", "に", "入れる"), ("見せる",)),
    (("気", "に", "召す"), ("気に入る",)),
    (("気", "に", "入る"), ("気に入る",)),
    (("耳", "に", "入れる"), ("知らせる", "話す", "伝える", "言う")),
    (("耳", "に", "入る"), ("聞く",)),
    (("足", "を", "運ぶ"), ("行く", "来る")),
    (("顔", "を", "見せる"), ("来る",)),
    (("手", "を", "貸す"), ("手伝う", "助ける")),
    (("力", "に", "成る"), ("手伝う", "助ける", "力に成る")),
    (("世話", "に", "成る"), ("世話に成る",)),
    (("馳走", "に", "成る"), ("頂く", "貰う", "食べる")),
    (("電話", "を", "掛ける"), ("電話",)),
    (("電話", "を", "入れる"), ("電話",)),
    (("質問", "を", "受ける"), ("質問",)),
)
_QUESTION = re.compile(r"(?:か[ねなしい]?|かな|の|[?])[。?!]*$")
_SKIP_POS = ("助詞", "補助記号", "記号", "空白", "感動詞-フィラー", "接続詞")
_ASKING = frozenset(["何", "誰", "何方", "何処", "何時", "幾ら", "如何", "どう", "何故", "何れ", "どの", "どんな"])
_WISH = re.compile(r"てほしい|て欲しい|てもらいたい|ていただきたい|でほしい")
_FREE_VERB = frozenset({"下さる", "頂く", "呉れる", "貰う", "上げる", "差し上げる", "遣る", "賜わる"})
_RECEIVE = {"下さる": "give_me", "呉れる": "give_me", "賜わる": "give_me", "頂く": "receive", "貰う": "receive"}


@dataclass(frozen=True)
class Unit:
    """One content word: every plain lemma it can stand for, its surface, and the particle that follows it."""

    senses: frozenset[str]
    surface: str
    particle: str = ""
    verb: bool = False
    optional: bool = False
    number: bool = False


@dataclass
class Meaning:
    """Units in order, and what the predicates say beside them."""

    units: list[Unit] = field(default_factory=list)
    negative: int = 0
    past: bool = False
    question: bool = False
    request: bool = False
    wish: bool = False
    volition: bool = False
    guess: bool = False
    potential: int = 0
    causative: int = 0
    reru: int = 0
    receive: int = 0
    give_me: int = 0
    give: int = 0
    aspects: list[frozenset[str]] = field(default_factory=list)
    loose_aspect: bool = False
    asking: bool = False
    has_verb: bool = False
    prohibited: int = 0
    polite_negative: int = 0
    loose_benefit: bool = False
    hearsay: bool = False
    permission: int = 0
    persons: dict[str, str] = field(default_factory=dict)
    sentences: int = 0


class Reader:
    """Sentences to :class:`Meaning`."""

    def __init__(self, data: Knowledge, table: Words) -> None:
        self.knowledge = data
        self.words = table

    def __call__(self, text: str) -> Meaning:
        meaning = Meaning()
        for sentence in sentences(normalise(text), self.knowledge):
            tokens = self.knowledge.tagger(sentence.text)
            if any(token.lemma for token in tokens):
                meaning.sentences += 1
                self._sentence(tokens, sentence.text.strip(), meaning)
        return meaning

    def _lemma(self, token: Token) -> str:
        lemma = token.lemma.split("-")[0] or token.surface
        if lemma == "居る" and token.l_form == "オル":
            return "居る/オル"
        return lemma

    def _sentence(self, tokens: list[Token], text: str, meaning: Meaning) -> None:
        meaning.past = meaning.volition = meaning.guess = False
        asks = bool(_QUESTION.search(text)) and not text.rstrip("。?!").endswith(("もの", "ので"))
        meaning.question = asks
        requested = bool(_WISH.search(text))
        index = 0
        while index < len(tokens):
            taken = self._phrase(tokens, index, meaning)
            if taken:
                meaning.past = False
                index += taken
                continue
            requested |= self._token(tokens, index, meaning)
            index += 1
        self._close(tokens, text, meaning, requested)

    # ------------------------------------------------------------------ one token
    def _phrase(self, tokens: list[Token], index: int, meaning: Meaning) -> int:
        for lemmas, plain in _PHRASES:
            part = tokens[index : index + len(lemmas)]
            if len(part) == len(lemmas) and all(self._lemma(t) == one for t, one in zip(part, lemmas, strict=True)):
                if lemmas[-1] == "掛ける" and lemmas[0] == "目" and not (index and is_prefix(tokens[index - 1])):
                    continue
                meaning.units.append(Unit(frozenset(plain), "".join(t.surface for t in part), verb=True))
                return len(lemmas)
        return 0

    def _token(self, tokens: list[Token], i: int, meaning: Meaning) -> bool:
        """Read token ``i`` into ``meaning``; whether it marks a request."""
        token = tokens[i]
        lemma = self._lemma(token)
        before = tokens[i - 1] if i else None
        after_te = before is not None and before.surface in {"て", "で"} and before.pos.startswith("助詞-接続助詞")
        pos = token.pos
        if pos.startswith("助動詞") or lemma in {"ない", "無い"}:
            return self._auxiliary(tokens, i, lemma, meaning)
        if is_prefix(token) or pos.startswith(_SKIP_POS):
            return False
        if pos.startswith("動詞"):
            return self._verb(tokens, i, lemma, after_te, meaning)
        if lemma in self.words.drop and lemma not in {"貴方", "君", "宜しい"}:
            self._person(tokens, i, meaning)
            return False
        if lemma in {"ほしい", "欲しい"} and after_te:
            return True
        if pos.startswith("接尾辞-名詞的") and lemma in {"方", "様", "さん", "氏", "殿"}:
            return False
        self._noun(tokens, i, lemma, meaning)
        return False

    def _noun(self, tokens: list[Token], i: int, lemma: str, meaning: Meaning) -> None:
        token = tokens[i]
        prefixed = bool(i and is_prefix(tokens[i - 1]))
        senses = set(self.words.senses(lemma, prefixed))
        verb = self._deverbal(tokens, i, senses) and prefixed
        if verb and i + 1 < len(tokens) and tokens[i + 1].lemma in {"です", "だ"}:
            meaning.loose_aspect = True
        meaning.past = False
        self._person(tokens, i, meaning)
        if token.surface == "何時":
            meaning.asking = True
            meaning.units += [Unit(frozenset({"何"}), "何"), Unit(frozenset({"時", "時-助数詞"}), "時")]
            return
        if lemma in _ASKING or senses & _ASKING:
            meaning.asking = True
        number = "数詞" in token.pos
        meaning.units.append(Unit(frozenset(senses), token.surface, self._particle(tokens, i), verb, number=number))

    def _deverbal(self, tokens: list[Token], i: int, senses: set[str]) -> bool:
        """お読み(になる): the verb's lemma joins ``senses``."""
        found = stem_verbs(self.knowledge, tokens[i].surface)
        for base, lemma in found:
            senses |= self.words.senses(lemma, True) | {base}
        return bool(found)

    def _verb(self, tokens: list[Token], i: int, lemma: str, after_te: bool, meaning: Meaning) -> bool:
        token = tokens[i]
        meaning.has_verb = True
        stem = self._after_stem(tokens, i)
        if lemma in _FREE_VERB and i and tokens[i - 1].c_form.startswith("連用形-一般"):
            stem |= tokens[i - 1].pos.startswith("動詞") or tokens[i - 1].lemma in {
                "せる",
                "させる",
            }  # お気をつけ, お聞かせ
        potential = token.c_type.startswith("下一段") and self._is_potential(token)
        if stem and lemma in _RECEIVE and tokens[i - 1].surface == "を":
            # ご注文をいただく: もらう itself, or the benefit of 注文してもらう
            meaning.loose_benefit = True
            meaning.past = False
            meaning.units.append(Unit(self.words.senses(lemma, False), token.surface, "", True, optional=True))
            return False
        if lemma in _FREE_VERB and (after_te or stem):
            return self._benefactive(tokens, i, lemma, potential, meaning)
        if before_adjective(tokens, i) and lemma in {"いらっしゃる", "居る/オル"}:
            meaning.loose_aspect = True
            return False
        if after_te or (i > 1 and is_prefix(tokens[i - 1]) and tokens[i - 2].surface in {"て", "で"}):
            aspect = self._aspect(lemma)
            if aspect:
                meaning.aspects.append(aspect)
                return False
        if potential:
            meaning.potential += 1
        if lemma == "出来る" and (stem or self._on_noun(tokens, i) or self._after_koto(tokens, i)):
            meaning.potential += 1
            return False
        if stem or (lemma in {"為る", "致す", "為さる", "遊ばす"} and self._on_noun(tokens, i)):
            if lemma == "願う":
                return True
            if lemma == "申し上げる" and tokens[i - 1].surface == "を":
                meaning.units.append(Unit(self.words.senses(lemma, False), token.surface, "", True, optional=True))
                meaning.past = False
                return False
            if lemma in self.words.idle or lemma in {"為る", "致す", "為さる"}:
                return token.c_form == "命令形" or self._is_nasai(tokens, i, lemma)
        if lemma == "成る" and i > 1 and tokens[i - 1].surface in {"に", "は"} and self._naru(tokens, i):
            return False
        if (
            lemma in {"有る", "御座る"}
            and i
            and tokens[i - 1].pos.startswith("形容詞")
            and tokens[i - 1].surface.endswith(("く", "ゅう", "う"))
        ):
            return False
        copula = before_de(tokens, i) and lemma in {"いらっしゃる", "御座る", "有る"}
        if copula:
            meaning.loose_aspect = True
            return False
        if lemma == "知れる" and i + 2 < len(tokens) and i and tokens[i - 1].surface == "も":
            meaning.guess = True
            meaning.negative -= 1
            return False
        prefixed = bool(i and is_prefix(tokens[i - 1]))
        senses = self.words.senses(lemma, prefixed) | self.words.senses(token.orth_base, prefixed)
        if prefixed:
            for _, other in stem_verbs(self.knowledge, token.surface):
                senses |= self.words.senses(other, True)
        if prefixed and i + 1 < len(tokens) and tokens[i + 1].lemma in {"です", "だ"}:
            meaning.loose_aspect = True
        if lemma in {"存ずる"} and prefixed:
            meaning.loose_aspect = True
        meaning.past = False
        meaning.volition = token.c_form == "意志推量形"
        meaning.units.append(Unit(senses, token.surface, self._particle(tokens, i), True))
        return token.c_form == "命令形" or self._is_nasai(tokens, i, lemma)

    def _auxiliary(self, tokens: list[Token], i: int, lemma: str, meaning: Meaning) -> bool:
        token = tokens[i]
        kind = token.c_type
        if lemma in {"ず", "ぬ", "ない", "無い"} and token.surface not in {"まい"}:
            if (
                token.pos.startswith("形容詞")
                and i
                and not tokens[i - 1].surface.endswith(("く", "は", "も", "で", "じゃ"))
            ):
                meaning.units.append(Unit(frozenset({"有る"}), token.surface, "", True))
            after = any(self._lemma(t) in _FREE_VERB for t in tokens[max(0, i - 2) : i])
            meaning.polite_negative += after
            meaning.negative += 1
            following = [t.surface for t in tokens[i + 1 : i + 2]]
            meaning.prohibited += following in (["で"], ["に"]) and any(
                self._lemma(t) in _FREE_VERB for t in tokens[i + 2 : i + 4]
            )
        elif kind == "助動詞-タ" and token.c_form != "仮定形-一般":
            meaning.past = True
        elif lemma == "らしい":
            meaning.hearsay = True
        elif lemma == "たい":
            meaning.wish = True
        elif lemma in {"せる", "させる"}:
            later = [self._lemma(t) for t in tokens[i + 1 : i + 3]]
            if later[1:] and later[1] in {"頂く", "貰う", "下さる", "呉れる"} and tokens[i + 1].surface == "て":
                meaning.permission += later[1] in {"下さる", "呉れる"} or self._is_potential(tokens[i + 2])
                meaning.receive -= later[1] in {"頂く", "貰う"}
                meaning.give_me -= later[1] in {"下さる", "呉れる"}
            elif later and (later[0] in _RECEIVE or later[0] in {"願う", "願える"}):  # お聞かせください
                meaning.permission += 1
                meaning.receive -= later[0] in {"頂く", "貰う"}
                meaning.give_me -= later[0] in {"下さる", "呉れる"}
            else:
                meaning.causative += 1
        elif lemma in {"れる", "られる"}:
            meaning.reru += 1
        elif lemma == "てらっしゃる":
            meaning.aspects.append(frozenset({"state", "go"}))
        elif kind in {"助動詞-ダ", "助動詞-デス"} and token.c_form == "意志推量形":
            asked = any(t.surface == "か" for t in tokens[i + 1 : i + 3])
            meaning.guess |= not asked
        if token.c_form == "意志推量形" and kind not in {"助動詞-ダ", "助動詞-デス"}:
            meaning.volition = True
        return False

    def _benefactive(self, tokens: list[Token], i: int, lemma: str, potential: bool, meaning: Meaning) -> bool:
        token = tokens[i]
        if lemma in _RECEIVE:
            setattr(meaning, _RECEIVE[lemma], getattr(meaning, _RECEIVE[lemma]) + 1)
        else:
            meaning.give += 1
        rest = "".join(t.surface for t in tokens[i + 1 :])
        final = bool(re.match(r"^(?:ます|ませ|ない|まし)?(?:ん)?(?:でしょう|です)?(?:か[ねな]?)?[。?!]*$", rest))
        if lemma in {"下さる", "呉れる"}:
            if (
                token.c_form == "命令形"
                or re.match(r"^ませ[。!]*$", rest)
                or (token.surface == "くれ" and not rest.strip("。!"))
            ):
                return True
            return final and meaning.question
        if lemma in {"頂く", "貰う"}:
            tail = re.match(r"^(?:ます|ませ)?(?:と|ば|れば|たら|ましたら|ますと|たく|たい)", rest)
            if potential and ((final and meaning.question) or tail):
                return True
            return bool(re.match(r"^(?:たい|たく)", rest)) or (final and meaning.question and potential)
        return False

    # ------------------------------------------------------------------ helpers
    def _is_potential(self, token: Token) -> bool:
        lemma = token.lemma.split("-")[0]
        if lemma in {"頂く", "成る"} and token.orth_base.endswith(("ける", "れる")):
            return True
        return (
            bool(lemma)
            and not lemma.endswith("れる")
            and self.knowledge.dictionary.verb_type(lemma).startswith("五段")
            and token.orth_base[-2:] != lemma[-2:]
        )

    def _after_stem(self, tokens: list[Token], i: int) -> bool:
        """Whether the verb at ``i`` follows お + stem, perhaps with a particle between."""
        j = i - 1
        while j >= 0 and tokens[j].surface in {"を", "は", "も", "に", "さ", "せ", "て"} and i - j < 3:
            j -= 1
        if j < 0:
            return False
        if tokens[j].lemma == "御覧":
            return True
        start = j
        while start > 0 and not is_prefix(tokens[start]) and j - start < 2:
            start -= 1
        if not is_prefix(tokens[start]) or start == j:
            return False
        gap = [t.surface for t in tokens[j + 1 : i]]
        if gap and self._lemma(tokens[i]) in _FREE_VERB and gap == ["を"]:
            return "サ変可能" in tokens[j].pos
        return (
            not gap
            or (gap[0] in {"を", "は", "も"} and "サ変可能" in tokens[j].pos)
            or (gap[0] == "に" and tokens[i].lemma == "成る")
        )

    def _on_noun(self, tokens: list[Token], i: int) -> bool:
        """Whether する (いたす, なさる, できる) at ``i`` makes a verb of the noun before it."""
        j = i - 1
        if j > 0 and tokens[j].surface in {"を", "は", "も", "が"}:
            j -= 1
        return (
            j >= 0
            and tokens[j].pos.startswith(("名詞", "形状詞", "動詞", "接尾辞", "副詞"))
            and not tokens[j].pos.startswith("代名詞")
        )

    def _after_koto(self, tokens: list[Token], i: int) -> bool:
        return i > 1 and tokens[i - 1].surface in {"が", "は", "も"} and tokens[i - 2].lemma in {"事", "こと"}

    def _naru(self, tokens: list[Token], i: int) -> bool:
        """お読みになる, ご覧になる, おいでになる."""
        j = i - 1
        if tokens[j].surface in {"は", "も"}:
            j -= 1
        if j < 1 or tokens[j].surface != "に":
            return False
        if tokens[j - 1].lemma == "御覧":
            return True
        start = j - 1
        while start > 0 and not is_prefix(tokens[start]) and j - start < 4:
            start -= 1
        stem = tokens[j - 1]
        honorific = is_prefix(tokens[start]) and start < j - 1
        return honorific and not stem.mask & self.knowledge.bit("idiom_stem")

    def _aspect(self, lemma: str) -> frozenset[str]:
        if lemma in {"居る", "居る/オル"}:
            return frozenset({"state"})
        if lemma in {"いらっしゃる", "出でる", "出で"}:
            return frozenset({"state", "go"})
        if lemma in {"行く", "来る", "参る", "伺う"}:
            return frozenset({"go"})
        return {"見る": frozenset({"try"}), "置く": frozenset({"ahead"}), "仕舞う": frozenset({"done"}),
                "有る": frozenset({"state"}), "御座る": frozenset({"state"})}.get(lemma, frozenset())  # fmt: skip

    def _is_nasai(self, tokens: list[Token], i: int, lemma: str) -> bool:
        """読みなさい; なさいます is not one."""
        return (
            lemma == "為さる"
            and tokens[i].surface == "なさい"
            and (i + 1 == len(tokens) or tokens[i + 1].lemma != "ます")
        )

    def _particle(self, tokens: list[Token], i: int) -> str:
        for token in tokens[i + 1 : i + 4]:
            if token.pos.startswith("接尾辞"):
                continue
            return token.surface if token.pos.startswith("助詞") else ""
        return ""

    def _person(self, tokens: list[Token], i: int, meaning: Meaning) -> None:
        """Persons and the particle each stands with."""
        token = tokens[i]
        role = phrase_role(token.surface) or ("name" if "人名" in token.pos else "")
        if not role and i + 1 < len(tokens) and tokens[i + 1].lemma in {"様", "さん", "氏"}:
            role = "name"
        if role:
            particle = self._particle(tokens, i)
            key = "self" if role == "self" else self._lemma(token)
            if particle and key not in meaning.persons:
                meaning.persons[key] = particle

    def _close(self, tokens: list[Token], text: str, meaning: Meaning, requested: bool) -> None:
        last = [t for t in tokens if not t.pos.startswith(("補助記号", "空白"))]
        if last and last[-1].surface in {"て", "で"} and last[-1].pos.startswith("助詞-接続助詞"):
            requested = True
        if last and last[-1].surface in {"ね", "よ"} and len(last) > 1 and last[-2].surface == "て":
            requested = True
        if last and last[-1].c_form == "命令形" and last[-1].lemma not in {"ます"}:
            requested = True
        if re.search(
            r"(?:願(?:い|え)(?:ます|ませんか|いたします|申し上げます|ますでしょうか|る|う)?|お願いします)[。?!か]*$",
            text,
        ):
            requested = True
        meaning.request |= requested


_RESPELL = (
    (re.compile("まもなく|間もなく|もうすぐ"), "すぐ"),
    (re.compile("ただいま|只今"), "今"),
    (re.compile("そのように"), "そう"),
    (re.compile("どのように|いかが"), "どう"),
    (re.compile("おいくつ|お?何歳"), "何歳"),
    (re.compile("いらっしゃれ(?=[まるなたて])"), "おいでになれ"),
)


def read(text: str) -> Meaning:
    """The meaning of ``text``, politeness apart."""
    for pattern, plain in _RESPELL:
        text = pattern.sub(plain, text)
    return Reader(knowledge(), words())(text)
