"""The study: what was sampled and told, in Optuna's storage.

The sampler is made anew for each candidate, seeded by the search's seed and the candidate's number among those told, and otherwise
draws on the storage alone. So a search that was killed goes on with the candidates it would have had. A candidate that was drawn but
not told keeps its numbers and is measured again.
"""

from __future__ import annotations

import contextlib
import errno
import json
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from jeval.digests import value_digest
from jeval.errors import InputError
from jeval.fitness import FitnessResult
from jeval.search.config import Choice, Range, Scalar, SearchConfig
from jeval.search.space import Builder, Recipe, draw_with
from jeval.suggest import near

if TYPE_CHECKING:
    import optuna
    from optuna.trial import FrozenTrial

STORE = "study.sqlite"
_OWNER, _CONFIG, _INDEX, _RESULT = "jeval_owner", "jeval_config", "jeval_index", "jeval"
_FREE = {"budget", "workers", "audit", "storage"}  # may change between two starts of one search


def config_digest(config: SearchConfig) -> str:
    """Digest of all that decides which candidates are drawn and what they earn: also the order in which numbers and parents are named."""
    said = config.model_dump(mode="json", exclude=_FREE)
    return value_digest(json.dumps({**said, "batch": config.batch}))


class Study:
    """An Optuna study of this search alone, or, with an RDB URL, one that several machines share.

    Args:
        folder: of the search; the study is a file in it unless the configuration names a storage.
        owner: of the candidates that this search draws, unlike that of any other.

    Raises:
        InputError: the storage cannot be used, or holds the study of another search.
    """

    def __init__(self, config: SearchConfig, builder: Builder, folder: Path, owner: str) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
        self._config, self._builder, self._owner = config, builder, owner
        digest = config_digest(config)
        with storage_errors(config.storage or folder / STORE):
            self._storage = optuna.storages.RDBStorage(_url(config.storage, folder))
            directions = [optuna.study.StudyDirection.MAXIMIZE] * (
                1 if config.objectives == "score" else len(config.objectives)
            )
            name = f"jeval-{digest[:16]}"
            _check_foreign(
                self._storage, name, config.storage or str(folder / STORE), shared=config.storage is not None
            )
            self.optuna = optuna.create_study(
                storage=self._storage, study_name=name, directions=directions, load_if_exists=True
            )
            known = self.optuna.user_attrs.get(_CONFIG)
            if known is None and not self.optuna.trials:
                self.optuna.set_user_attr(_CONFIG, digest)
                self._enqueue()
            elif known != digest:
                raise InputError(
                    f"storage {config.storage or folder / STORE} holds a study of another search; name another"
                )

    def _enqueue(self) -> None:
        known = self._builder.spaces()
        for number, start in enumerate(self._config.start):
            for name, value in start.items():
                if name not in known:
                    raise InputError(
                        f"start.{number}: {name!r} is no number of the space; {near(name, known, limit=6)}"
                    )
                if not _within(known[name], value):
                    raise InputError(
                        f"start.{number}.{name}: {value!r} is not within the space; expected {_expected(known[name])}"
                    )
            self.optuna.enqueue_trial(dict(start))

    @property
    def told(self) -> list[FrozenTrial]:
        """All candidates that have been told, by number."""
        from optuna.trial import TrialState

        return self.optuna.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))

    def spent(self) -> float:
        """Seconds of measuring so far."""
        return float(sum(result_of(trial)["seconds"] for trial in self.told))

    def draw(self, most: int) -> list[tuple[FrozenTrial, Recipe]]:
        """The candidates of the next round, at most ``most``: those that were drawn and not told, and new ones up to a whole batch."""
        from optuna.trial import TrialState

        told = len(self.told)
        with self._errors():
            mine = [
                trial
                for trial in self.optuna.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
                if trial.user_attrs.get(_OWNER) == self._owner
            ]
            size = min(self._config.batch - told % self._config.batch, most)
            left = [(trial, self.recipe(trial)) for trial in mine if _INDEX in trial.user_attrs][:size]
            for trial in mine:
                if _INDEX not in trial.user_attrs:  # killed while its numbers were drawn
                    self.optuna.tell(trial.number, state=TrialState.FAIL)
            return left + [self._ask(index) for index in range(told + len(left), told + size)]

    def _ask(self, index: int) -> tuple[FrozenTrial, Recipe]:
        seeds = [self._config.seed, index]
        if self._config.storage is not None:
            seeds.append(int(self._owner[:8], 16))
        self.optuna.sampler = _sampler(self._config, int(np.random.SeedSequence(seeds).generate_state(1)[0]))
        trial = self.optuna.ask()
        trial.set_user_attr(_OWNER, self._owner)
        recipe = self._builder.recipe(draw_with(trial))
        trial.set_user_attr(_INDEX, index)
        return self._storage.get_trial(trial._trial_id), recipe

    def recipe(self, trial: FrozenTrial) -> Recipe:
        """The recipe of a candidate that was drawn before."""
        return self._builder.recipe(lambda name, of: trial.params[name])

    def tell(self, trial: FrozenTrial, result: FitnessResult) -> None:
        """Keep what a candidate earned."""
        from optuna import Trial
        from optuna.samplers import RandomSampler

        found = {
            "score": result.score,
            "stderr": result.stderr,
            "objectives": result.objectives,
            "constraints": result.constraints,
            "feasible": result.feasible,
            "stopped": result.stopped_early,
            "error": result.error,
            "seconds": result.seconds,
            "items": result.n_items,
            "recalled": result.recalled,
            "share": 1.0 if result.race is None else result.race.asked / max(1, result.race.items),
            "digest": result.digest,
        }
        with self._errors():
            self.optuna.sampler = (
                RandomSampler()
            )  # of which none is drawn here: a trial that was drawn before is opened again
            opened = Trial(self.optuna, trial._trial_id)
            opened.set_user_attr(_RESULT, found)
            for name, value in result.constraints.items():
                if name not in opened.constraints:
                    opened.set_constraint(name, value)
            self.optuna.tell(trial.number, self._values(result))

    def _values(self, result: FitnessResult) -> list[float]:
        if self._config.objectives != "score":
            return [result.objectives[name] for name in self._config.objectives]
        if self._config.sampler.name == "cmaes":  # which knows no constraints: what misses one is worth less by as much
            return [result.score - sum(max(0.0, value) for value in result.constraints.values())]
        return [result.score]

    def _errors(self) -> contextlib.AbstractContextManager[None]:
        return storage_errors(self._config.storage or STORE)


def result_of(trial: FrozenTrial) -> dict[str, Any]:
    """What was told of a candidate."""
    found: dict[str, Any] = trial.user_attrs[_RESULT]
    return found


def _sampler(config: SearchConfig, seed: int) -> optuna.samplers.BaseSampler:
    from optuna import samplers

    own = config.sampler
    if own.name == "random":
        return samplers.RandomSampler(seed=seed)
    if own.name == "cmaes":
        return samplers.CmaEsSampler(
            seed=seed, popsize=own.population, n_startup_trials=1, warn_independent_sampling=False
        )
    if own.name == "nsgaii":
        return samplers.NSGAIISampler(seed=seed, population_size=own.population or 20)
    return samplers.TPESampler(seed=seed, n_startup_trials=own.startup)


def _url(storage: str | None, folder: Path) -> str:
    from sqlalchemy.engine import URL

    return storage or URL.create("sqlite", database=str(folder.absolute() / STORE)).render_as_string()


def _check_foreign(storage: Any, name: str, where: str, *, shared: bool) -> None:
    """A file beside a search holds that search only; an RDB may hold the studies of others, under other names."""
    others = [one.study_name for one in storage.get_all_studies() if one.study_name != name]
    if others and not shared:
        raise InputError(f"{where} holds the study {others[0]} of another search; choose another folder with --out")


def _within(of: Range | Choice, value: Scalar) -> bool:
    if isinstance(of, Choice):
        return value in of.choices
    return isinstance(value, (int, float)) and not isinstance(value, bool) and of.low <= value <= of.high


def _expected(of: Range | Choice) -> str:
    return f"one of {', '.join(map(str, of.choices))}" if isinstance(of, Choice) else f"{of.low:g} to {of.high:g}"


@contextlib.contextmanager
def storage_errors(where: str | Path) -> Iterator[None]:
    """What a storage says when it cannot be read or written, as one line. What was told before is in it."""
    import optuna
    import sqlalchemy

    try:
        yield
    except (sqlalchemy.exc.SQLAlchemyError, optuna.exceptions.StorageInternalError, ImportError, RuntimeError) as err:
        cause = err.__cause__ if isinstance(err, optuna.exceptions.StorageInternalError) and err.__cause__ else err
        said = " ".join(str(getattr(cause, "orig", None) or cause).split())[:200]
        raise InputError(
            f"storage {_hidden(where)} cannot be used ({said}); make room or name another. What was told is kept"
        ) from err
    except OSError as err:
        if err.errno not in {errno.ENOSPC, errno.EFBIG, errno.EDQUOT, errno.EIO}:
            raise
        raise InputError(f"{_hidden(where)}: {err.strerror}; make room. What was told is kept") from err


def _hidden(where: str | Path) -> str:
    """Without the password that a URL may hold."""
    from sqlalchemy.engine import make_url

    with contextlib.suppress(Exception):
        if isinstance(where, str) and "://" in where:
            return make_url(where).render_as_string(hide_password=True)
    return str(where)
