"""Instruments: detectors and judges with their error rates, measured on labelled cases.

``data/<room>/measured/instruments.json`` holds one object: name → rates. A task names its instrument in its metadata as
``instrument: <room>/<name>``; its score is then also reported corrected for the instrument's errors.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from jeval.errors import InputError
from jeval.reading import read_json
from jeval.record.schema import Rates, Written
from jeval.resources import data_path
from jeval.statistics import wilson
from jeval.suggest import near


class Counts(Written):
    """What an instrument made of labelled cases: how many positives and negatives there were, and how many it got right."""

    true_positives: int
    n_positive: int
    true_negatives: int
    n_negative: int


class Instrument(Rates):
    """Error rates with their 95 % Wilson intervals; sensitivity or specificity without a case is an error."""

    sensitivity_interval: tuple[float, float]
    specificity_interval: tuple[float, float]

    @classmethod
    def of(cls, counts: Counts, source: str) -> Instrument:
        """Rates from counts.

        Raises:
            InputError: no positive or no negative case.
        """
        if not counts.n_positive or not counts.n_negative:
            raise InputError(f"{source}: an instrument is measured on positive and negative cases; one side is missing")
        sensitivity = counts.true_positives / counts.n_positive
        specificity = counts.true_negatives / counts.n_negative
        return cls(
            sensitivity=round(sensitivity, 4),
            specificity=round(specificity, 4),
            n_positive=counts.n_positive,
            n_negative=counts.n_negative,
            source=source,
            sensitivity_interval=_rounded(wilson(sensitivity, counts.n_positive)),
            specificity_interval=_rounded(wilson(specificity, counts.n_negative)),
        )

    @property
    def rates(self) -> Rates:
        """What a record keeps of it."""
        return Rates(**{name: getattr(self, name) for name in Rates.model_fields})

    def reversed(self) -> Instrument:
        """The same instrument where the score rewards what it does *not* find."""
        return self.model_copy(
            update={
                "sensitivity": self.specificity,
                "specificity": self.sensitivity,
                "n_positive": self.n_negative,
                "n_negative": self.n_positive,
                "sensitivity_interval": self.specificity_interval,
                "specificity_interval": self.sensitivity_interval,
            }
        )


class Detection(Written):
    """How well one kind of thing is found: of ``n`` labelled and ``found`` found."""

    n: int
    found: int
    precision: float | None
    recall: float | None
    f1: float | None = None

    @classmethod
    def of(cls, *, labelled: int, hit: int, found: int, right: int) -> Detection:
        """From counts: ``hit`` of the ``labelled`` were found, ``right`` of the ``found`` were labelled."""
        wrong, missed = found - right, labelled - hit
        return cls(
            n=labelled,
            found=found,
            precision=_ratio(right, found),
            recall=_ratio(hit, labelled),
            f1=_ratio(2 * hit, 2 * hit + wrong + missed),
        )


def instruments_path(room: str) -> Path:
    """``data/<room>/measured/instruments.json``."""
    return data_path(room, "measured", "instruments.json")


def instruments(room: str) -> dict[str, Instrument]:
    """The measured instruments of a room.

    Raises:
        InputError: not measured yet, or another form.
    """
    path = instruments_path(room)
    try:
        return {name: Instrument.model_validate(value) for name, value in read_json(path, what="instruments").items()}
    except ValidationError as err:
        detail = " ".join(str(err).split())[:200]
        raise InputError(f"instruments {path}: {detail}; measure them again: jeval bank quality {room}") from err


def instrument(name: str) -> Instrument:
    """The instrument ``<room>/<name>``.

    Raises:
        InputError: there is none of this name.
    """
    room, _, part = name.partition("/")
    found = instruments(room)
    if part not in found:
        raise InputError(f"unknown instrument {name!r}; {near(part, found)}")
    return found[part]


def _ratio(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def _rounded(interval: tuple[float, float]) -> tuple[float, float]:
    return round(interval[0], 4), round(interval[1], 4)
