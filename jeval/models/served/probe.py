"""Does a server give the log-probabilities of *these* tokens, each after the tokens before it? Asked before anything is scored.

Two texts that differ in one token are echoed. Whatever the model, trained or not: nothing before the other token may change; at
its place the value must change, but not the distribution, which is of the tokens before; behind it both must. A server whose
values are moved by a place breaks one of these. (A string that a trained model continues with certainty would do as well, but
not for an untrained or weak one, which must be scored at chance and not refused.)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import pstdev

from jeval.errors import ModelError
from jeval.models.served.echo import Row, fault

# Series whose next letter hangs on the last one, with one letter changed late.
_TEXTS = (
    ("A1 B2 C3 A1 B2 C3 A1 B2 C3 A1 B2 C3", "A1 B2 C3 A1 B2 C3 A1 B2 C3 B1 B2 C3"),
    ("あいうえおかあいうえおかあいうえおかあいうえおか", "あいうえおかあいうえおかあいうえおかあいおえおか"),
    ("月火水木金月火水木金月火水木金月火水木金", "月火水木金月火水木金月火水木金月木水木金"),
)
_EXACT = 2e-4  # nats: smaller differences are none
_SHARE = 0.05  # of the spread of the values between places: smaller differences are none
_CERTAIN = -0.05
_HARD = -3.0  # nats: a model that can write finds each letter of a series easier, once it has seen the series thrice
_BESIDE = 3  # places beside the changed token that do not count as noise

Ask = Callable[[Sequence[int], str | None], Row]
"""Token ids, and their text where they are one → the row of the server."""


def probe(host: str, ask: Ask, encode: Callable[[str], list[int]], vocabulary: Mapping[str, int]) -> list[float]:
    """Ask a server the two texts.

    Args:
        encode: the tokens of a text.
        vocabulary: of the tokenizer; empty where the server takes texts only, so that no single token can be asked for.

    Returns:
        The log-probabilities of the first text: a mark by which the same model is known again.

    Raises:
        ModelError: the server gives no log-probabilities of the prompt, or those of other tokens.
    """
    (one, first), (other, second), place = _pair(encode)
    a, b = ask(one, first), ask(other, second)
    for row in (a, b):
        try:
            row.answer(1)
        except ValueError as err:
            raise fault(host, str(err)) from err
    try:
        _check_places(host, a, b, place)
    except ModelError:  # unless the server answers one request now so, now so
        c = ask(one, first)
        jitter = max(_moved(a.values, c.values) + _moved(a.tops, c.tops))
        if not jitter:
            raise
        _check_places(host, a, b, place, jitter)
    _check_tops(host, a, one, vocabulary)
    _check_named(host, a, one, ask, vocabulary)
    return [value for value in a.values[1:] if value is not None]


def is_doubtful(mark: Sequence[float]) -> bool:
    """Whether the model finds the end of a simple series hard: it is untrained, or the tokens are not of its tokenizer."""
    late = mark[-max(1, len(mark) // 4) :]
    return sum(late) / len(late) < _HARD


def _pair(
    encode: Callable[[str], list[int]],
) -> tuple[tuple[list[int], str | None], tuple[list[int], str | None], int]:
    """Two rows of tokens that differ at one place, with their texts, and the place."""
    for first, second in _TEXTS:
        one, other = encode(first), encode(second)
        places = [at for at, (x, y) in enumerate(zip(one, other, strict=False)) if x != y]
        if len(one) == len(other) and len(places) == 1 and 5 <= places[0] <= len(one) - 3:
            return (one, first), (other, second), places[0]
    one = max((encode(first) for first, _ in _TEXTS), key=lambda ids: (len(set(ids)), len(ids)))
    if len(set(one)) < 2 or len(one) < 9:
        raise ModelError("the tokenizer makes one token of every letter; give tokenizer=PATH of the served model")
    place = len(one) // 2
    other = [*one[:place], next(token for token in one if token != one[place]), *one[place + 1 :]]
    return (one, None), (other, None), place


def _moved(one: Sequence[float | None], other: Sequence[float | None]) -> list[float]:
    return [abs(x - y) if x is not None and y is not None else 0.0 for x, y in zip(one, other, strict=True)]


def _check_places(host: str, a: Row, b: Row, place: int, jitter: float = 0.0) -> None:
    values, tops = _moved(a.values, b.values), _moved(a.tops, b.tops)
    quiet = max(place - _BESIDE, 2)
    spread = pstdev(top for top in a.tops[1:] if top is not None)
    noise = 4 * max(jitter, *values[:quiet], *tops[:quiet]) + max(_EXACT, _SHARE * spread)
    if max(values[place:] + tops[place + 1 :]) <= noise:
        raise fault(host, "its values do not depend on the text")
    if max(values[quiet:place] + tops[quiet : place + 1]) > noise:
        raise fault(
            host,
            "its values are moved by a place: those of a token already know the token (llama-cpp-python does this); "
            "such a server cannot be used for log-likelihoods",
        )
    if values[place] <= noise or max(values[place + 1], tops[place + 1]) <= noise:
        raise fault(host, "its values are moved by a place: a token, or the one before it, makes no difference")
    changed = b.values[place]
    if changed is not None and changed > _CERTAIN and (a.values[place] or 0.0) > _CERTAIN:
        raise fault(host, "two different tokens are both certain at one place")


def _check_tops(host: str, row: Row, ids: Sequence[int], vocabulary: Mapping[str, int]) -> None:
    """The likeliest token is at least as likely as the given one, and as likely where it is the given one."""
    same = other = 0
    for place in range(1, len(ids)):
        value, top = row.values[place] or 0.0, row.tops[place] or 0.0
        if value > top + max(1e-3, 1e-3 * abs(top)):
            raise fault(host, f"a token has {value:g}, which is more than the likeliest at its place, {top:g}")
        if ids[place] in _tokens(row.names[place], vocabulary):
            near = abs(value - top) <= 0.05 + 0.02 * abs(top)
            same, other = same + near, other + (not near)
    if other >= 3 and other > same:
        raise fault(host, "tokens that are the likeliest at their place have another value than the likeliest")


def _check_named(host: str, row: Row, ids: Sequence[int], ask: Ask, vocabulary: Mapping[str, int]) -> None:
    """The token that the server names as the likeliest must get, when it is the given one, the value named for it."""
    name, top = row.names[-1], row.tops[-1]
    candidates = _tokens(name, vocabulary)
    if top is None or not candidates:
        return
    found = []
    for token in candidates:
        value = row.values[-1] if token == ids[-1] else ask([*ids[:-1], token], None).values[-1]
        if value is not None:
            found.append(value)
    spread = pstdev(top for top in row.tops[1:] if top is not None)
    if found and min(abs(value - top) for value in found) > 0.005 + _SHARE * spread:
        raise fault(
            host,
            f"the likeliest token has {top:g} when it is named and {found[0]:g} when it is given: moved by a place",
        )


def _tokens(name: str | None, vocabulary: Mapping[str, int]) -> list[int]:
    """The tokens that a server may mean by a name: a piece, a text, or ``token_id:7``."""
    if not name or not vocabulary:
        return []
    if name.startswith("token_id:") and name[9:].isdigit():
        return [int(name[9:])]
    pieces = {name, "▁" + name, "Ġ" + name, name.replace(" ", "▁"), name.replace(" ", "Ġ")}
    return sorted(vocabulary[piece] for piece in pieces if piece in vocabulary)
