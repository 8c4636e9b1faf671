"""One candidate, asked some items or all of them; what is known of its equals is not asked again."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from jeval.digests import tree_digest, value_digest
from jeval.fitness.items import Item, SearchItems, Table, item_of
from jeval.fitness.neutral import nats_per_character
from jeval.fitness.store import ResultStore
from jeval.fitness.weights import weights_digest
from jeval.models.health import first_bad_tensor
from jeval.models.hf import JevalHF
from jeval.models.requests import tokenizer_identity
from jeval.models.template import Templated
from jeval.pipeline.evaluate import Chosen, Rows
from jeval.pipeline.road import score
from jeval.resources import data_path, tasks_path

_NEUTRAL = "neutral_text"
#: What a configuration says of where it came from, not of the model.
_ORIGIN = {"_name_or_path", "name_or_path", "transformers_version", "architectures"}


@lru_cache(maxsize=1)
def pack_digest() -> str:
    """Digest of the code, tasks and data that items are scored with, and of the libraries that a model is computed with."""
    own = {"code": Path(__file__).parents[1], "tasks": tasks_path(), "data": data_path()}
    libraries = {name: version(name) for name in ("torch", "transformers", "lm-eval", "tokenizers")}
    return value_digest({**{name: tree_digest(path) for name, path in own.items()}, **libraries})


class Candidate:
    """A candidate in a model that is ready to be asked.

    Args:
        pack: digest of what decides an item's score besides the model.

    Attributes:
        digest: of the weights.
        bad_tensor: the first that holds NaN or Inf; such a candidate is not to be asked.
        table: the items asked so far.
        recalled: how many of them were not computed now.
    """

    def __init__(self, lm: Templated, items: SearchItems, seed: int, store: ResultStore | None, pack: str) -> None:
        self._lm, self._items, self._seed, self._store = lm, items, seed, store
        self.bad_tensor = first_bad_tensor(lm.model)
        self.digest = "" if self.bad_tensor is not None else weights_digest(lm.model)
        self._key = self._identity(pack)
        self.table: Table = {}
        self.recalled = 0
        self._fed, self._busy = 0, 0.0

    def _identity(self, pack: str) -> str:
        """Digest of all that decides this candidate's scores."""
        model, tokenizer = self._lm.model, self._lm.tokenizer
        settings = {
            "weights": self.digest,
            "config": _plain(model.config),
            "generation": _plain(getattr(model, "generation_config", None)),
            "tokenizer": tokenizer_identity(tokenizer),
            "template": str(getattr(tokenizer, "chat_template", None)),
            "dtype": str(model.dtype),
            "device": model.device.type,
            "class": type(self._lm).__name__,
            "batch": str(self._lm.batch_size),
            "seed": self._seed,
            "pack": pack,
        }
        return value_digest(settings)

    def ask(self, rows: Rows) -> None:
        """Have these items in ``table``."""
        missing: Rows = {}
        for task, numbers in rows.items():
            kept = self._store.get(self._key, task) if self._store is not None and numbers else {}
            names, own = self._items.loaded.ids(task), self.table.setdefault(task, {})
            for number in numbers:
                name = names[number]
                if name not in own and name in kept:
                    own[name] = kept[name]
                    self.recalled += 1
                elif name not in own:
                    missing.setdefault(task, []).append(number)
        if missing:
            self._compute(missing)

    def _compute(self, rows: Rows) -> None:
        began, before = time.perf_counter(), self._tokens()
        template = self._lm.template is not None
        chosen = Chosen({task: rows.get(task, []) for task in self._items.tasks})
        found = score(self._lm, self._items.loaded, chosen, seed=self._seed, chat_template=template).samples
        new: Table = {}
        for task, numbers in rows.items():
            generated, names = self._items.generated(task), self._items.loaded.ids(task)
            own = {sample.id: item_of(sample, generated=generated) for sample in found.get(task, [])}
            new[task] = {names[number]: own.get(names[number], Item(None)) for number in numbers}
            self.table[task].update(new[task])
        if self._store is not None:
            self._store.put(self._key, new)
        self._busy += time.perf_counter() - began
        self._fed += self._tokens() - before

    def neutral_text(self) -> float:
        """Nats per character of ordinary Japanese."""
        value = self._store.number(self._key, _NEUTRAL) if self._store is not None else None
        if value is None:
            value = nats_per_character(self._lm)
            if self._store is not None:
                self._store.put_number(self._key, _NEUTRAL, value)
        return value

    def per_item(self) -> dict[str, dict[str, float | None]]:
        """Task → item id → score, in the order of the items."""
        return {
            task: {name: self.table[task][name].score for name in self._items.ids(task) if name in self.table[task]}
            for task in self._items.tasks
            if task in self.table
        }

    def _tokens(self) -> int:
        return self._lm.cost.tokens_fed if isinstance(self._lm, JevalHF) else 0

    def efficiency(self) -> dict[str, float | None]:
        """Bytes of the weights, and tokens fed per second of what was computed now."""
        weights = list(self._lm.model.parameters())
        measured = isinstance(self._lm, JevalHF) and self._fed > 0
        return {
            "bytes": float(sum(one.numel() * one.element_size() for one in weights)),
            "tokens_per_second": self._fed / self._busy if measured else None,
        }


def _plain(config: Any) -> Mapping[str, str]:
    found = config.to_dict() if config is not None else {}
    return {str(key): repr(value) for key, value in sorted(found.items()) if key not in _ORIGIN}
