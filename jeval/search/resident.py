"""The model whose place candidates take."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

from jeval.errors import InputError
from jeval.fitness.merge import configuration, mergekit
from jeval.search.config import Choice, Range, Scalar, SearchConfig
from jeval.search.space import Builder, Recipe
from jeval.writing import write_text


def resident_of(config: SearchConfig, builder: Builder, out: Path) -> Path:
    """A folder with a model of the candidates' architecture and vocabulary: a parent, unless ``tokenizer_source`` makes another
    vocabulary, for which a merge is written once.
    """
    if config.tokenizer_source is None:
        return config.models[config.base_model or next(iter(config.space.models or config.models))]
    folder = out / "resident"
    if not folder.is_dir():
        write_merge(builder.recipe(_lowest), config.seed, folder)
    return folder


def _lowest(name: str, of: Range | Choice) -> Scalar:
    return of.choices[-1] if isinstance(of, Choice) else of.low / 2 + of.high / 2


def write_merge(recipe: Recipe, seed: int, folder: Path, text: str = "") -> None:
    """Write the model of a recipe with ``mergekit-yaml``'s own function, whole or not at all.

    Args:
        text: the recipe as a file, kept beside the weights as ``mergekit_config.yml``.

    Raises:
        InputError: mergekit cannot merge it.
        OSError: the folder cannot be written.
    """
    with mergekit():
        from mergekit.merge import run_merge
        from mergekit.options import MergeOptions

    part = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True, mode=0o700)
    try:
        options = MergeOptions(quiet=True, random_seed=seed, write_model_card=False)
        try:
            run_merge(configuration(recipe), str(part), options)
        except (RuntimeError, ValueError, KeyError) as err:
            raise InputError(f"mergekit cannot write the merge ({' '.join(str(err).split())[:300]})") from err
        if text:
            write_text(part / "mergekit_config.yml", text)
        if folder.exists():
            shutil.rmtree(folder)
        part.rename(folder)
    except BaseException:
        with contextlib.suppress(OSError):
            shutil.rmtree(part)
        raise
