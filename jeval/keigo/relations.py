"""Misuses that depend on who is who: kenjo_for_superior, sonkei_for_self, uchi_soto.

Each needs a person that the context gives or the sentence names; where neither does, there is no finding.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from jeval.keigo.clause import Clause, Phrase
from jeval.keigo.forms import Found
from jeval.keigo.knowledge import Knowledge
from jeval.keigo.persons import IN_GROUP, RESPECTED, Scene
from jeval.keigo.tokens import Token

Hit = tuple[str, int, int]  # rule id, tokens

_UNITS = {
    "支店",
    "室",
    "所",
    "店",
    "部",
    "課",
    "係",
    "次",
    "局",
    "院",
    "館",
    "営業所",
    "支社",
    "本部",
    "事務所",
    "出張所",
    "支部",
    "工場",
    "センター",
}
_TITLE = re.compile(r"[社会部課係次室店所議局院館校園]長|頭取|専務|常務|取締役|主任|先生|教授|社員|行員|担当")
_GENERAL = re.compile(r"上司|先輩|目上|上役|上席|役員|幹部|取引先|顧客|客|先方|先生|恩師|年長")
_OWN = re.compile(
    r"^(?:弊社|当社|当行|弊行|小社|わが社|我が社|弊店|当店|うち|私ども|手前ども|私|僕|俺|わたし|わたくし)$"
)


class Relations:
    """Finds misuses between persons; one instance per knowledge."""

    def __init__(self, knowledge: Knowledge) -> None:
        bit = knowledge.bit
        names = (
            "pfx act reru te de kudasaru itadaku nasaru irassharu suru itasu kenjo1_verb kenjo2_verb kenjo1_noun oru masu "
            "kenjo1_own desu da possession customer_act self_only_kenjo imperative noun verb adj na_adj sonkei_noun mieru "
            "tai naru ni third_kenjo sonkei_verb gozaru ha wo state_adj own_only title own_service motion_person to_third compound_particle seru dekiru ukagau mairu moushiageru sashiageru surname raises_object person_state potential"
        )
        self.person_test = knowledge.person_test
        self.b = {name: bit(name) for name in names.split()}

    def __call__(
        self, tokens: list[Token], clause: Clause, found: Sequence[Found], scene: Scene, question: bool, masked: str,
        present: int,
    ) -> Iterator[Hit]:  # fmt: skip
        if not scene.given and not present & self.person_test:  # nobody is named: only requests are left to look at
            for one in found:
                if not one.agent or one.type not in {"kenjogo1", "kenjogo2"} or one.end + 1 >= len(tokens):
                    continue
                if tokens[one.end].mask & self.b["te"] or tokens[one.end - 1].mask & self.b["reru"]:
                    yield from self._humbled(tokens, clause, one, scene, question, masked)
            return
        yield from self._own_nouns(tokens, clause, scene)
        predicates = [one for one in found if one.agent]
        if not predicates and not scene.given:
            yield from self._predicate_noun(tokens, clause, found, scene, question)
            return
        for one in predicates:
            if one.type == "sonkeigo":
                yield from self._raised(tokens, clause, one, scene, question, masked)
            elif one.type in {"kenjogo1", "kenjogo2"}:
                yield from self._humbled(tokens, clause, one, scene, question, masked)
        yield from self._predicate_noun(tokens, clause, found, scene, question)

    # ------------------------------------------------------------------ kenjo for somebody to be raised
    def _humbled(
        self, tokens: list[Token], clause: Clause, one: Found, scene: Scene, question: bool, masked: str
    ) -> Iterator[Hit]:
        b = self.b
        last = tokens[one.end - 1]
        head = tokens[one.start]
        after = tokens[one.end : one.end + 3]
        masks = [token.mask for token in after] + [0, 0, 0]
        benefactive = (
            one.frame == "o-itadaku"
            or (one.frame == "goran-itadaku")
            or (one.start > 0 and head.mask & b["itadaku"] and tokens[one.start - 1].mask & b["te"])
        )
        if benefactive or one.frame in {"o-negau", "o-ide-itadaku"}:
            yield from self._kenjo_to_own(tokens, clause, one, scene)
            return
        frame = one.frame in {"o-suru", "o-dekiru", "o-moushiageru"}
        own_act = bool(any(token.mask & b["own_only"] for token in tokens[one.start : one.end]))
        third = bool(any(token.mask & b["third_kenjo"] for token in tokens[one.start : one.end]))
        benefit = masks[0] & b["te"] and masks[1] & b["itadaku"]
        target = clause.marked(
            one.start,
            {"を", "へ"} if benefit else {"に", "を", "へ", "から"},
            {"out", "teacher", "superior", "honoured"},
        )
        # 申される, 参られる, 拝見なさる, 拝見される, お伺いになる: raised and lowered at once
        if last.mask & b["reru"]:
            subject = clause.subject(one.start)
            if subject is not None and subject.role == "self":
                yield "sonkei-self", one.start, one.end
                return
            if last.lemma and one.frame == "special" and not benefactive and head.mask & b["self_only_kenjo"]:
                yield "kenjo-reru", one.start, one.end
            return
        # 〜してください, 〜していただく, 〜していらっしゃる, 〜してくださる after a kenjo form
        request = masks[0] & b["te"] and masks[1] & (b["kudasaru"] | b["itadaku"] | b["irassharu"])
        if request and one.frame == "oru" and masks[1] & b["kudasaru"]:
            yield "kenjo-request", one.start, one.end + 2
            return
        if request and one.frame != "oru":
            asked = masks[1] & (b["kudasaru"] | b["itadaku"])
            plain_frame = not any(token.mask & b["wo"] for token in tokens[one.start : one.end])
            service = any(token.mask & b["own_service"] for token in tokens[one.start : one.end])
            command = masks[1] & b["kudasaru"] and masks[1] & b["imperative"]
            about_third = (command and any(token.mask & b["to_third"] for token in tokens[one.start : one.end])) or (
                command
                and service
                and any(p.role in RESPECTED and p.end <= one.start and p.particle != "、" for p in clause.phrases)
            )
            if frame and plain_frame and not own_act and not about_third and target is None and asked:
                yield "kenjo-request", one.start, one.end + 2
                return
            if head.mask & b["self_only_kenjo"] and target is None and not own_act:
                yield "kenjo-request", one.start, one.end + 2
                return
        subject = clause.subject(one.start)
        role = subject.role if subject is not None else ""
        if subject is not None and role in {"out", "teacher"} and not scene.referent_own:
            if subject.particle == "が" and not third:
                yield "kenjo-subject", one.start, one.end
                return
            if (
                subject.particle in {"は", "も"}
                and (
                    (head.mask & b["self_only_kenjo"] and not head.mask & b["itasu"])
                    or one.frame == "oru"
                    or self._customer_act(tokens, one)
                )
                and not self._self_follows(clause, subject, one)
            ):
                yield "kenjo-subject", one.start, one.end
                return
        if (
            question
            and role in {"superior", "teacher", "out"}
            and not scene.referent_own
            and (
                head.mask & b["self_only_kenjo"]
                or one.frame == "oru"
                or self._customer_act(tokens, one)
                or (one.frame == "o-suru" and tokens[one.start - 1].surface == "を")
            )
            and not head.mask & b["itasu"]
            and not self._speaker_asks(tokens, one)
            and not self._offer(tokens, one.end)
        ):
            yield "kenjo-question", one.start, one.end
            return
        if subject is None and frame and not scene.referent_own and self._customer_act(tokens, one):
            modified = self._modified(tokens, one.end)
            if modified:
                yield "kenjo-subject", one.start, one.end
                return
        if (
            subject is not None
            and role in {"superior", "honoured", "name"}
            and scene.given
            and (not scene.to_outside or scene.referent in {"out", "addressee"})
        ):
            raised = scene.referent_raised and self._same(subject.text, scene)
            strong = head.mask & b["self_only_kenjo"] or one.frame == "oru" or self._customer_act(tokens, one)
            if raised and strong and role != "name" and subject.particle in {"が", "は", "も"}:
                yield "kenjo-subject", one.start, one.end
                return
        vocative = clause.vocative()
        asked_person = (vocative.role in {"out", "teacher", "superior"} if vocative is not None else False) or (
            scene.given
            and scene.addressee_raised
            and scene.referent not in {"self", "in", "family"}
            and not scene.referent_own
        )
        if question and asked_person and subject is None and self._final(tokens, one.end):
            if self._offer(tokens, one.end) or self._speaker_asks(tokens, one):
                return
            outside = clause.marked(one.start, {"に"}, {"teacher", "superior"})
            if head.mask & (b["moushiageru"] | b["sashiageru"]) and one.frame == "special" and outside is None:
                yield "kenjo-question", one.start, one.end
                return
            eaten = head.mask & b["itadaku"] and head.c_type.startswith("五段") and one.frame == "special"
            if eaten or (head.mask & b["self_only_kenjo"] and not head.mask & b["itasu"]):
                yield "kenjo-question", one.start, one.end
                return
            if self._customer_act(tokens, one) and one.frame != "o-dekiru":
                yield "kenjo-question", one.start, one.end
                return
        if (
            one.frame == "o-dekiru"
            and scene.given
            and not scene.referent_own
            and scene.addressee_raised
            and self._customer_act(tokens, one)
            and (subject is None or subject.role not in IN_GROUP)
            and not any(token.surface == "は" for token in tokens[one.start : one.end])
        ):
            yield "kenjo-dekiru", one.start, one.end
            return
        yield from self._kenjo_to_own(tokens, clause, one, scene)

    def _same(self, phrase: str, scene: Scene) -> bool:
        """Whether the subject is the referent of the scene: the same title, or one that a general word covers."""
        title = phrase[-2:]
        if title in scene.referent_text or phrase in scene.referent_text:
            return True
        if scene.referent == "addressee" or _TITLE.search(scene.referent_text):
            return False
        return bool(_GENERAL.search(scene.referent_text))

    def _self_follows(self, clause: Clause, subject: Phrase, one: Found) -> bool:
        return any(
            p.role in IN_GROUP and p.start > subject.end and p.end <= one.start and p.particle in {"が", "から", "より"}
            for p in clause.phrases
        )

    def _speaker_asks(self, tokens: list[Token], one: Found) -> bool:
        """伺わせていただけますか, 拝見できますか: the speaker asks for himself."""
        b = self.b
        asked = b["seru"] | b["itadaku"] | b["dekiru"]
        return any(token.mask & asked for token in tokens[one.end : one.end + 3]) or (
            one.frame == "special" and tokens[one.start].mask & (b["ukagau"] | b["mairu"]) != 0
            and tokens[one.start].c_type.startswith("下一段")
        )  # fmt: skip

    def _modified(self, tokens: list[Token], end: int) -> bool:
        """Whether the predicate modifies a customer: ご利用しているお客様."""
        for i in range(end, min(end + 5, len(tokens))):
            token = tokens[i]
            if token.pos.startswith(("助動詞", "動詞-非自立")) or token.surface in {"て", "で"}:
                continue
            rest = "".join(one.surface for one in tokens[i : i + 3])
            return rest.startswith(
                ("お客様", "お客さま", "皆様", "皆さま", "会員様", "方は", "方が", "方々", "方に", "方へ", "方の")
            )
        return False

    def _customer_act(self, tokens: list[Token], one: Found) -> bool:
        part = tokens[one.start : one.end]
        if any(token.mask & (self.b["customer_act"] | self.b["motion_person"]) for token in part):
            return True
        return one.frame == "o-dekiru" and not any(token.mask & self.b["own_service"] for token in part)

    def _final(self, tokens: list[Token], end: int) -> bool:
        """Whether only auxiliaries and particles follow."""
        return all(
            token.pos.startswith(("助動詞", "助詞", "補助記号", "記号", "動詞-非自立")) for token in tokens[end:]
        )

    def _offer(self, tokens: list[Token], end: int) -> bool:
        return any(token.surface in {"ましょう", "よう"} for token in tokens[end : end + 3])

    def _kenjo_to_own(self, tokens: list[Token], clause: Clause, one: Found, scene: Scene) -> Iterator[Hit]:
        """母をお見送りする; (to a customer) 部長に申し上げておきます."""
        b = self.b
        if one.type != "kenjogo1" or one.frame in {"o-itadaku", "goran-itadaku", "word"}:
            return
        if tokens[one.start].mask & self.b["itadaku"]:
            return
        roles = {"family"} | (
            {"superior", "name", "in"} if scene.given and scene.to_outside and scene.referent_own else set()
        )
        target = None
        for phrase in reversed(clause.phrases):
            if phrase.end <= one.start and phrase.particle in {"を", "に", "へ"} and phrase.role:
                if tokens[phrase.end + 1].mask & b["compound_particle"]:
                    return  # 父に代わりまして
                target = phrase
                break
        if target is None:
            return
        third = target.particle == "を" and any(
            token.mask & self.b["third_kenjo"] for token in tokens[one.start : one.end]
        )
        raised = target.particle != "を" or any(
            token.mask & self.b["raises_object"] for token in tokens[one.start : one.end]
        )
        if third or not raised:
            return
        if (target.role == "in" and not raised_thing(target)) or target.role in roles:
            yield "uchi-kenjo", one.start, one.end

    # ------------------------------------------------------------------ sonkei for one's own side
    def _raised(
        self, tokens: list[Token], clause: Clause, one: Found, scene: Scene, question: bool, masked: str
    ) -> Iterator[Hit]:
        b = self.b
        last = tokens[one.end - 1]
        subject = clause.subject(one.start)
        if last.mask & b["kudasaru"]:
            given = not (one.start and tokens[one.start - 1].mask & b["te"]) and not last.mask & b["imperative"]
            giver = subject is not None and subject.role == "self" and subject.particle == "が"
            source = clause.marked(one.start, {"から"}, {"self"})
            if source is not None and not any(t.pos.startswith("動詞") for t in tokens[source.end : one.start]):
                giver = True
            if given and giver:
                yield "sonkei-self", one.start, one.end
            return
        if subject is None:
            source = clause.marked(one.start, {"から", "で"}, {"self"})
            if (
                source is not None
                and source.end >= one.start - 8
                and not self._adnominal(tokens, one.end)
                and not question
            ):
                yield "sonkei-self", one.start, one.end
                return
        if (
            last.mask & b["irassharu"]
            and one.start > 1
            and tokens[one.start - 2].mask & b["surname"]
            and (tokens[one.start - 1].surface == "で" and not question and not self._adnominal(tokens, one.end))
            and (subject is None or subject.role == "self")
        ):
            yield "sonkei-self", one.start, one.end
            return
        adnominal = self._adnominal(tokens, one.end)
        conditional = self._conditional(tokens, one.end)
        if subject is not None:
            topic = subject.particle in {"は", "も", "って"}
            if topic and (adnominal or conditional):
                return
            if self._other_agent(clause, subject, one):
                return
            if subject.role == "self":
                yield "sonkei-self", one.start, one.end
            elif subject.role in {"family", "in"} or self._own_person(tokens, subject, scene, question):
                yield "uchi-sonkei", one.start, one.end
            return
        able = last.mask & b["naru"] and last.c_type.startswith("下一段")  # ご利用になれます: the addressee is able to
        if not scene.given or adnominal or conditional or able or not self._closing(tokens, one.end):
            return
        if scene.referent_own and not question and not self._asks(tokens, one.end):
            yield ("sonkei-self" if scene.referent == "self" else "uchi-sonkei"), one.start, one.end

    def _own_person(self, tokens: list[Token], subject: Phrase, scene: Scene, question: bool) -> bool:
        """Whether the scene makes the subject somebody of the speaker's own side before an outsider."""
        if not scene.referent_own or scene.referent in {"self", "family"}:
            return False
        named = any(token.mask & self.b["surname"] for token in tokens[subject.start : subject.end])
        if subject.role == "superior":
            return named or not question or self._same(subject.text, scene)
        return subject.role == "name" or (subject.role == "honoured" and named)

    def _other_agent(self, clause: Clause, subject: Phrase, one: Found) -> bool:
        return any(
            p.role in {"out", "teacher"}
            and p.start > subject.end
            and p.end <= one.start
            and p.particle in {"が", "は", "も"}
            for p in clause.phrases
        )

    def _asks(self, tokens: list[Token], end: int) -> bool:
        return any(token.mask & (self.b["kudasaru"] | self.b["itadaku"]) for token in tokens[end : end + 3])

    def _adnominal(self, tokens: list[Token], end: int) -> bool:
        """Whether the predicate that ends at ``end`` modifies a noun."""
        for token in tokens[end:]:
            if token.pos.startswith(("助動詞", "動詞-非自立")) or token.surface in {"て", "で"}:
                continue
            return token.pos.startswith(("名詞", "代名詞", "接頭辞", "形状詞")) and token.surface not in {
                "の",
                "ん",
                "よう",
                "そう",
            }
        return False

    def _conditional(self, tokens: list[Token], end: int) -> bool:
        for token in tokens[end : end + 5]:
            if token.pos.startswith(("助動詞", "動詞-非自立")) and token.surface not in {
                "たら",
                "なら",
                "でしたら",
                "ましたら",
            }:
                continue
            return token.surface in {
                "ば",
                "と",
                "たら",
                "なら",
                "でしたら",
                "ので",
                "際",
                "から",
            } or token.c_form.startswith("仮定形")
        return False

    def _closing(self, tokens: list[Token], end: int) -> bool:
        """Whether the predicate is that of the sentence or of a coordinate clause."""
        return all(not token.pos.startswith(("動詞-一般", "名詞-普通名詞", "形容詞-一般")) for token in tokens[end:])

    def _predicate_noun(
        self, tokens: list[Token], clause: Clause, found: Sequence[Found], scene: Scene, question: bool
    ) -> Iterator[Hit]:
        """私はお元気です; (to a customer) 佐藤部長はお出かけです."""
        b = self.b
        for one in found:
            if one.frame != "noun" or one.type != "sonkeigo" or one.end >= len(tokens):
                continue
            head = tokens[one.start + 1]
            if not tokens[one.end].mask & (b["desu"] | b["da"]) and tokens[one.end].surface != "。":
                continue
            state = head.mask & (b["adj"] | b["na_adj"] | b["act"] | b["state_adj"]) and one.end == one.start + 2
            if not state or not tokens[one.start].mask & b["pfx"]:
                continue
            subject = clause.subject(one.start)
            if subject is None:
                if (
                    head.mask & b["person_state"]
                    and scene.given
                    and scene.referent_own
                    and scene.referent != "self"
                    and not question
                    and self._closing(tokens, one.end)
                    and not self._conditional(tokens, one.end)
                ):
                    yield "uchi-sonkei", one.start, one.end
                continue
            if self._conditional(tokens, one.end) and subject.particle != "が":
                continue
            if subject.role == "self":
                if subject.text in {"私", "わたし", "わたくし", "僕", "俺"}:
                    yield "sonkei-self", one.start, one.end
            elif subject.role in {"family", "in"} or self._own_person(tokens, subject, scene, question):
                yield "uchi-sonkei", one.start, one.end

    def _own_nouns(self, tokens: list[Token], clause: Clause, scene: Scene) -> Iterator[Hit]:
        """私のお考え; 弊社の佐藤部長; 私のお父さん; (to a customer) 鈴木課長, 木村さん of one's own colleague."""
        b = self.b
        marked_bits = b["pfx"] | b["title"]
        for i, token in enumerate(tokens):
            if not token.mask & marked_bits:
                continue
            if token.mask & b["pfx"] and i + 1 < len(tokens) and tokens[i + 1].mask & b["possession"] and i > 1:
                if (
                    tokens[i - 1].surface == "の"
                    and _OWN.match(tokens[i - 2].surface)
                    and not (i > 2 and tokens[i - 3].surface in {"の"})
                ):
                    yield "sonkei-own-noun", i, i + 2
                continue
            if token.mask & b["title"] and i:
                first = i - 1
                if token.surface == "長" and first and tokens[first].surface in _UNITS:
                    first -= 1  # 田中 支店 長
                if tokens[first].mask & b["surname"]:
                    marked = first > 1 and tokens[first - 1].surface == "の" and _OWN.match(tokens[first - 2].surface)
                    following = tokens[i + 1].surface if i + 1 < len(tokens) else ""
                    own = scene.referent_own and scene.referent != "family" and following in {
                        "は", "が", "も", "に", "を", "から", "の", "と", "で", "でし", "です", "へ", "より",
                    } and token.surface not in {"様", "さま", "殿"}  # fmt: skip
                    title = token.surface if token.surface != "長" else tokens[i - 1].surface + "長"
                    if title == "先生" and title not in scene.referent_text:
                        own = False
                    if title in scene.addressee_text and (
                        title not in scene.referent_text or following not in "はがも"
                    ):
                        own = False  # the addressee has that title too
                    if following == "の" and i + 2 < len(tokens) and tokens[i + 2].mask & b["surname"]:
                        own = False
                    if marked or own:
                        yield "uchi-title", first, i + 1
                elif token.surface in {"さん", "様", "さま"}:
                    j = i - 1
                    kin = tokens[j].surface in {
                        "父",
                        "母",
                        "兄",
                        "姉",
                        "祖父",
                        "祖母",
                        "爺",
                        "婆",
                        "じい",
                        "ばあ",
                        "奥",
                        "社長",
                        "部長",
                        "課長",
                        "支店長",
                    }
                    if kin and j and tokens[j - 1].mask & b["pfx"]:
                        j -= 1
                    if (
                        kin
                        and scene.referent == "family"
                        and tokens[i - 1].surface not in {"社長", "部長", "課長", "支店長"}
                    ) or (kin and j > 1 and tokens[j - 1].surface == "の" and _OWN.match(tokens[j - 2].surface)):
                        yield "uchi-title", j, i + 1


def raised_thing(phrase: Phrase) -> bool:
    return bool(re.search(r"お客|顧客|取引先|皆様|様$", phrase.text))
