"""Files of the room read into the models that say their form."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from jeval.errors import InputError
from jeval.reading import numbered_jsonl

Model = TypeVar("Model", bound=BaseModel)


def checked(model: type[Model], value: Any, where: str | Path) -> Model:
    """``value`` as a model.

    Args:
        where: the file, or the file and the line, that an error names.

    Raises:
        InputError: another form; names the field, what is expected and what stands there.
    """
    try:
        return model.model_validate(value)
    except ValidationError as err:
        first = err.errors()[0]
        place = ".".join(map(str, first["loc"])) or "document"
        raise InputError(
            f"{where}: {place}: {first['msg']}, found {str(first['input'])[:60]!r}; mend the file"
        ) from err


def rows_of(model: type[Model], path: Path, *, what: str = "labels") -> list[Model]:
    """The rows of a JSON Lines file, no ``id`` twice.

    Raises:
        InputError: a line of another form; names the line.
    """
    return [checked(model, row, f"{path}:{number}") for number, row in numbered_jsonl(path, unique="id", what=what)]
