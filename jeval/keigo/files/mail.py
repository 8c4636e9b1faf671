"""Mail: the subject and the body; header, what is quoted and the signature are left out."""

from __future__ import annotations

from collections.abc import Iterator

from jeval.errors import InputError
from jeval.keigo.files.plain import paragraphs
from jeval.keigo.files.segments import APART, Cutting, Places, Segment
from jeval.keigo.knowledge import knowledge

_ENCODED = ("base64", "quoted-printable")
_LONGEST_SIGNATURE = 14  # lines


def read(text: str, name: str) -> Iterator[Segment]:
    """Subject, then the paragraphs of the body.

    Raises:
        InputError: the body is encoded (Base64, quoted-printable), so that nothing in it has a place in the file.
    """
    places = Places(text)
    lines = [text[slice(*places.line(index))] for index in range(len(places))]
    body = _header_end(lines)
    for index, line in enumerate(lines[:body]):
        key, _, value = line.partition(":")
        if key.lower() == "content-transfer-encoding" and value.strip().lower() in _ENCODED:
            raise InputError(f"{name}:{index + 1}: the body is encoded ({value.strip()}); save the mail as plain text")
        if found := knowledge().expressions["mail_subject"].match(line):
            cutting = Cutting()
            start = places.line(index)[0]
            cutting.put(line[found.end() :], start + found.end(), start + len(line))
            yield cutting.segment(APART)
    yield from paragraphs(places, range(body, _body_end(lines, body)))


def _header_end(lines: list[str]) -> int:
    header = knowledge().expressions["mail_header"]
    if not lines or not header.match(lines[0]):
        return 0
    return next((index for index, line in enumerate(lines) if not line.strip()), 0)


def _body_end(lines: list[str], start: int) -> int:
    """The line where the answered mail or the signature begins."""
    expressions = knowledge().expressions
    end = len(lines)
    for index in range(start, end):
        if expressions["mail_earlier"].match(lines[index]):
            end = index
            break
    for index in range(max(start, end - _LONGEST_SIGNATURE), end):
        line = lines[index]
        if line.rstrip("\r\n") in {"--", "-- "}:
            return index
        below = "\n".join(lines[index:end])
        if expressions["mail_rule"].fullmatch(line.strip()) and expressions["mail_contact"].search(below):
            return index
    return end
