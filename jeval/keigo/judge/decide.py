"""The grounds on which an answer is refused: meaning, grammar, type of the honorific, misuse."""

from __future__ import annotations

import re
from collections.abc import Mapping

from jeval.keigo.analysis import analyze
from jeval.keigo.judge.meaning import Meaning, Unit, read
from jeval.keigo.judge.stems import is_prefix, stem_verbs
from jeval.keigo.judge.words import words
from jeval.keigo.knowledge import knowledge
from jeval.keigo.types import Analysis

_SUBJECT = frozenset({"が", "は", "も"})
_OBJECT = frozenset({"に", "を", "へ", "から"})
_SPECIAL = {
    "sonkeigo": frozenset(
        ["いらっしゃる", "てらっしゃる", "仰る", "召し上がる", "為さる", "下さる", "御覧", "召す", "見える"]
    ),
    "kenjogo1": frozenset(
        [
            "伺う",
            "申し上げる",
            "存じ上げる",
            "差し上げる",
            "頂く",
            "頂戴",
            "拝見",
            "拝読",
            "拝聴",
            "拝借",
            "拝受",
            "拝察",
            "拝謁",
            "参上",
            "承る",
        ]
    ),
    "kenjogo2": frozenset(["参る", "申す", "致す", "居る/オル", "存ずる", "申し伝える"]),
}


def reasons_against(source: str, target: str, answer: str, context: Mapping[str, object] | None) -> list[str]:
    """Why ``answer`` is not a rendering of ``source`` with honorific type ``target``; empty when it is one."""
    said, given = read(answer), read(source)
    found, before = analyze(answer, context), analyze(source, context)
    reasons = _misuse(found)
    reasons += _content(given, said, answer, context)
    reasons += _grammar(given, said, target, _raising_reru(before), _raising_reru(found))
    reasons += _persons(given, said, target)
    reasons += _type(target, given, said, answer, found, before, context)
    return list(dict.fromkeys(reasons))


_HUMBLE_READER = re.compile(
    r"(社長|会長|部長|課長|次長|専務|常務|支店長|先生|教授|理事長|お客様|[^、。\s]様)が[^、。がはにをたる]{0,6}(拝[見読聴借受])"
)


def _misuse(found: Analysis) -> list[str]:
    reasons = [f"misuse: {error.type} ({error.surface})" for error in found.errors]
    if humbled := _HUMBLE_READER.search(found.text):
        reasons.append(f"misuse: kenjo_for_superior ({humbled[2]})")
    return reasons


# ---------------------------------------------------------------------- content
def _content(given: Meaning, said: Meaning, answer: str, context: Mapping[str, object] | None) -> list[str]:
    table = words()
    known = "".join(str(value) for value in (context or {}).values())
    pairs = _match(given.units, said.units)
    lost = [unit for i, unit in enumerate(given.units) if i not in pairs and not unit.optional]
    taken = set(pairs.values())
    added = [unit for j, unit in enumerate(said.units) if j not in taken and not unit.optional]
    request = given.request and said.request
    polite = (
        table.polite
        if request or given.wish or said.wish
        else table.polite - {"願う", "頼む", "幸い", "助かる", "出来る"}
    )
    lost = [u for u in lost if not u.senses & table.drop and not (request and u.senses & {"願う", "頼む", "欲しい"})]
    added = [
        u for u in added
        if not u.senses & table.drop and not u.senses & polite and u.surface not in known
        and not (said.wish and u.senses & {"思う"})
    ]  # fmt: skip
    added = _cushion(added, answer)
    reasons = []
    if not given.units:
        return ["nothing to convert"]
    if lost:
        reasons.append("lost: " + " ".join(unit.surface for unit in lost))
    if added:
        reasons.append("added: " + " ".join(unit.surface for unit in added))
    return reasons


def _cushion(added: list[Unit], answer: str) -> list[Unit]:
    """Without the words of a polite opening such as お手数をおかけしますが, お忙しいところ."""
    cushion = re.match(
        r"^(?:お手数を?お?掛?か?けし?(?:いた)?しますが|お忙しいところ|ご多用のところ|ご面倒をおかけしますが|お待たせ(?:いた)?しました)",
        answer,
    )
    if not cushion:
        return added
    return [unit for unit in added if unit.surface not in cushion[0]]


def _match(given: list[Unit], said: list[Unit]) -> dict[int, int]:
    """A largest matching of units that can mean the same (augmenting paths)."""
    owner: dict[int, int] = {}

    def place(i: int, seen: set[int]) -> bool:
        order = sorted(range(len(said)), key=lambda j: said[j].particle != given[i].particle)
        for j in order:
            if j in seen or not _same(given[i], said[j]):
                continue
            seen.add(j)
            if j not in owner or place(owner[j], seen):
                owner[j] = i
                return True
        return False

    for i in range(len(given)):
        place(i, set())
    return {i: j for j, i in owner.items()}


def _same(one: Unit, other: Unit) -> bool:
    if one.number and other.number:
        return one.surface == other.surface
    return bool(one.senses & other.senses)


# ---------------------------------------------------------------------- grammar
def _raising_reru(found: Analysis) -> bool:
    """Whether the analyser reads a れる・られる as an honorific."""
    return any(form.type == "sonkeigo" and form.surface.endswith(("れ", "れる")) for form in found.forms)


def _grammar(
    given: Meaning, said: Meaning, target: str, raised_before: bool = False, raised_now: bool = False
) -> list[str]:
    reasons = []
    if given.request != said.request:
        reasons.append("request lost" if given.request else "request added")
    request = given.request and said.request
    if not request:
        if given.negative % 2 != said.negative % 2:
            reasons.append("negation lost" if given.negative % 2 else "negation added")
        if given.past != said.past and not (given.past and said.loose_aspect):
            reasons.append("tense changed")
        asked = given.question or given.asking
        if asked != (said.question or said.asking):
            reasons.append("question lost" if asked else "question added")
        if given.question and not said.question:
            reasons.append("question lost")
        if given.wish != said.wish:
            reasons.append("wish lost" if given.wish else "wish added")
        if given.hearsay != said.hearsay:
            reasons.append("hearsay lost" if given.hearsay else "hearsay added")
        if given.guess != said.guess:
            reasons.append("guess lost" if given.guess else "guess added")
        if given.volition != said.volition and not (given.question and said.question and given.volition != given.wish):
            reasons.append("intention changed")
        reasons += _voice(given, said, target, raised_before, raised_now)
    if request and (given.negative - given.polite_negative) % 2 != (said.negative - said.polite_negative) % 2:
        reasons.append("negation changed")
    if given.prohibited != said.prohibited:
        reasons.append("negation lost" if given.prohibited else "negation added")
    if given.permission != said.permission and (given.request or said.request):
        reasons.append("permission asked" if said.permission else "permission no longer asked")
    if given.causative != said.causative:
        reasons.append("causative changed")
    reasons += _aspect(given, said, target)
    return reasons


def _voice(given: Meaning, said: Meaning, target: str, raised_before: bool, raised_now: bool) -> list[str]:
    """れる・られる and potentials: one morpheme, four meanings."""
    reru, potential = said.reru - given.reru, said.potential - given.potential
    if potential == 0 and reru == 0:
        return []
    if given.potential and said.potential == 0 and said.reru:
        return []
    if given.reru and not given.potential and said.potential and reru <= 0:
        return []  # 来られますか → お越しになれますか
    if potential == 0 and reru > 0 and (target == "sonkeigo" or raised_now):
        return []  # the honorific
    if potential == 0 and reru < 0 and (target == "sonkeigo" or raised_before):
        return []  # 帰られた → お帰りになった
    return ["voice or ability changed"]


def _aspect(given: Meaning, said: Meaning, target: str = "") -> list[str]:
    table = words()
    pool = list(said.aspects)
    for aspect in given.aspects:
        match = next((one for one in pool if one & aspect), None)
        if match is not None:
            pool.remove(match)
        elif "go" in aspect or said.loose_aspect or _stative(given, table.stative) or _stative(said, table.stative):
            continue
        else:
            return ["aspect lost"]
    for one in pool:
        if one == {"state"} or "state" in one:
            if (
                given.loose_aspect
                or _stative(given, table.stative)
                or (target == "kenjogo2" and _no_humble_verb(given))
            ):
                continue
            return ["aspect added"]
        if "go" not in one and one != {"ahead"}:
            return ["aspect added"]
    return []


def _no_humble_verb(given: Meaning) -> bool:
    """A habit told with a verb that has no 謙譲語II of its own: 毎朝読みます → 読んでおります."""
    verbs = [unit for unit in given.units if unit.verb]
    humble = {"行く", "来る", "言う", "思う", "知る", "居る", "為る"}
    return bool(verbs) and not verbs[-1].senses & humble and not (given.past or given.question or given.request)


def _stative(meaning: Meaning, stative: frozenset[str]) -> bool:
    verbs = [unit for unit in meaning.units if unit.verb] or meaning.units
    return bool(verbs and verbs[-1].senses & stative)


# ---------------------------------------------------------------------- persons
def _persons(given: Meaning, said: Meaning, target: str) -> list[str]:
    reasons = []
    shift = said.receive - given.receive
    subject = next((who for who, part in given.persons.items() if part in _SUBJECT), "")
    if not (given.request and said.request) and not said.loose_benefit and not given.loose_benefit:
        if (
            shift > 0
            and given.give_me <= said.give_me
            and (subject in {"", "self"} or said.persons.get(subject) in {"が", "は"})
        ):
            reasons.append("the other person acts now")
        if said.give_me > given.give_me + max(0, -shift) and subject in {"", "self"} and not given.receive:
            reasons.append("the other person acts now")
        if given.give_me + given.receive > 0 and said.give_me + said.receive <= 0 and target != "plain":
            reasons.append("benefit lost")
        if given.give > 0 and said.give == 0 and said.receive + said.give_me > 0:
            reasons.append("giver and receiver exchanged")
    benefit = given.receive + given.give_me or any(
        unit.senses & {"貰う", "頂く", "呉れる", "下さる"} for unit in given.units
    )
    if said.loose_benefit and not benefit and not given.request and subject in {"", "self"}:
        reasons.append("the other person acts now")
    moved_benefit = shift != 0 or said.give_me != given.give_me
    for i, j in _match(given.units, said.units).items():
        if {given.units[i].particle, said.units[j].particle} == {"から", "まで"}:
            reasons.append(f"relation changed ({said.units[j].surface}{said.units[j].particle})")
    if not moved_benefit and given.reru == said.reru and _swapped(given, said):
        reasons.append("parts exchanged")
    for who, part in given.persons.items():
        now = said.persons.get(who)
        if now is None or moved_benefit:
            continue
        if (
            part in _SUBJECT
            and now == "の"
            and any(given.persons.get(other) == "の" and place in _SUBJECT for other, place in said.persons.items())
        ):
            reasons.append(f"persons exchanged ({who})")
            continue
        if (part in _SUBJECT and now in {"に", "を", "へ"}) or (part in {"に", "へ"} and now in {"が"}):
            passive = given.reru != said.reru or given.causative
            if not passive and not (part == "は" and now == "に"):
                reasons.append(f"persons exchanged ({who})")
    return reasons


def _swapped(given: Meaning, said: Meaning) -> bool:
    """Whether two nouns have exchanged their particles: 学生は先生の発表を for 先生は学生の発表を."""
    moves = set()
    for i, j in _match(given.units, said.units).items():
        before, after = _part(given.units[i].particle), _part(said.units[j].particle)
        if before and after and before != after:
            moves.add((before, after))
    return any((after, before) in moves for before, after in moves)


def _part(particle: str) -> str:
    return "が" if particle in {"が", "は", "も"} else particle if particle in {"に", "を", "の"} else ""


# ---------------------------------------------------------------------- type
def _type(
    target: str, given: Meaning, said: Meaning, answer: str, found: Analysis, before: Analysis,
    context: Mapping[str, object] | None,
) -> list[str]:  # fmt: skip
    on_predicate, on_noun = _types(answer, found)
    had_predicate, _ = _types(before.text, before)
    if target == "plain":
        left = [form.surface for form in found.forms if form.type != "bikago"]
        left = left or ([answer] if found.style != "plain" else [])
        return [f"honorific left: {' '.join(left)}"] if left else []
    if target == "teineigo":
        reasons = [] if found.style in {"polite", "formal"} else ["not in です・ます"]
        raised = (on_predicate - had_predicate) & {"sonkeigo", "kenjogo1"}
        return reasons + ([f"{' '.join(sorted(raised))} instead of teineigo"] if raised else [])
    if target == "bikago":
        if _odd_prefix(answer):
            return ["お and ご confused"]
        return [] if _prefixes(answer) > _prefixes(before.text) else ["no bikago"]
    if target == "sonkeigo" and said.request and "kenjogo1" in on_predicate - had_predicate:
        return ["kenjogo1 for what the addressee is asked to do"]
    if (
        target == "sonkeigo"
        and said.request
        and re.search("いた(?:す|し|さ)", answer)
        and "kenjogo2" in on_predicate - had_predicate
    ):
        return ["kenjogo2 for what the addressee is asked to do"]
    if target == "sonkeigo" and _needless_kenjogo1(found) and list(given.persons.values()).count("を") == 0:
        honoured = [who for who, part in given.persons.items() if part in _SUBJECT and who != "self"]
        if len(honoured) == 1 and len(given.persons) == 1:
            return ["kenjogo1 for what the honoured person does"]
    if target == "kenjogo2" and _needless_kenjogo1(found) and not set(given.persons.values()) & _OBJECT:
        return ["kenjogo1 with nobody to raise"]
    if target in on_predicate:
        return _side(target, given, said)
    if (
        target == "sonkeigo"
        and said.reru > given.reru
        and "kenjogo1" not in on_predicate
        and "kenjogo2" not in on_predicate
    ):
        return _side(target, given, said)
    if target in on_noun and not given.has_verb:
        return []
    return [f"no {target} on the predicate"]


def _side(target: str, given: Meaning, said: Meaning) -> list[str]:
    part = said.persons.get("self", given.persons.get("self", ""))
    if target == "sonkeigo" and part in _SUBJECT and len([p for p in given.persons.values() if p in _SUBJECT]) == 1:
        return ["sonkeigo for the speaker"]
    return []


def _types(text: str, found: Analysis) -> tuple[set[str], set[str]]:
    """Types of the honorifics on predicates and on nouns."""
    predicate: set[str] = set()
    noun: set[str] = set()
    for form in found.forms:
        if form.type in {"teineigo", "bikago"}:
            noun.add(form.type)
            continue
        tokens = knowledge().tagger(form.surface)
        verbal = any(token.pos.startswith(("動詞", "助動詞")) or token.lemma in {"御覧"} for token in tokens)
        sahen = bool(tokens) and "サ変可能" in tokens[-1].pos and not text[form.end :].startswith(("の", "が", "に"))
        purpose = text[form.end :].startswith("に") and not text[form.end + 1 :].startswith("な")  # お迎えに行く
        (predicate if (verbal and not purpose) or sahen else noun).add(form.type)
        if re.search(r"[おご御].*(?:いたし|いたす|致し|致す|いたせ|いたさ)", form.surface):
            predicate |= {"kenjogo1", "kenjogo2"}
    if re.search("いらっしゃれ[まるなたて]", text) or _stem_copula(text):
        predicate.add("sonkeigo")
    if re.search("お世話にな[らりるれっ]|[いえきりみち]に上が[らりるれっ]", text):
        predicate.add("kenjogo1")
    tokens = knowledge().tagger(text)
    for i, token in enumerate(tokens):
        if token.surface == "なさい" and (i + 1 == len(tokens) or tokens[i + 1].lemma != "ます"):
            continue
        lemma = token.lemma.split("-")[0]
        if lemma == "居る" and token.l_form == "オル":
            lemma = "居る/オル"
        for kind, lemmas in _SPECIAL.items():
            if (
                lemma in lemmas
                and not (lemma == "見える" and "お見え" not in text)
                and not (lemma == "存ずる" and "ご存" in text)
            ):
                predicate.add(kind)
    return predicate, noun


def _stem_copula(text: str) -> bool:
    """お待ちです, お疲れでしょう."""
    data = knowledge()
    tokens = data.tagger(text)
    return any(
        is_prefix(tokens[i]) and (tokens[i + 1].pos.startswith("動詞") or stem_verbs(data, tokens[i + 1].surface))
        and tokens[i + 2].lemma in {"です", "だ"}
        for i in range(len(tokens) - 2)
    )  # fmt: skip


def _needless_kenjogo1(found: Analysis) -> bool:
    """お読みする: the frame お〜する without いたす."""
    return any(
        form.type == "kenjogo1" and re.match("お.+[しす]", form.surface) and "いた" not in form.surface
        for form in found.forms
    )


def _odd_prefix(text: str) -> bool:
    tokens = knowledge().tagger(text)
    return any(
        tokens[i].lemma == "御"
        and tokens[i].surface == "ご"
        and (tokens[i + 1].goshu == "和" or tokens[i + 1].lemma in words().with_o)
        for i in range(len(tokens) - 1)
    )


def _prefixes(text: str) -> int:
    return sum(token.lemma in {"御", "御飯", "御数", "御八つ"} for token in knowledge().tagger(text))


def content_changes(given: str, answer: str, context: Mapping[str, object] | None = None) -> list[str]:
    """What ``answer`` says more, less or otherwise than ``given``, politeness apart; empty when they say the same."""
    one, other = read(given), read(answer)
    changes = _content(one, other, answer, context)
    changes += [reason for reason in _grammar(one, other, "sonkeigo") if not reason.startswith("aspect")]
    return list(dict.fromkeys(changes))
