"""Candidates measured by Ray actors on several machines, each with a resident model.

They stand where the worker processes of one machine do, so a search over a cluster tells the same results in the same order. An actor
that dies with its node costs its candidate another try elsewhere; Ray begins the actor again where there is room.
"""

from __future__ import annotations

import logging
import queue
import socket
import threading
import time
from collections.abc import Mapping
from typing import Any

from jeval.errors import InputError
from jeval.fitness import Fitness, FitnessResult
from jeval.fitness.standing import Standing

_PATIENCE = 300.0  # seconds without any actor that answers
_ANSWER = 10.0  # seconds for a cluster to take a connection
_TRIES = 5  # of one candidate: what kills every actor is the candidate's fault
LOCAL = "local"


class Cluster:
    """So many actors on a Ray cluster.

    Args:
        address: of the cluster (``host:6379``, ``ray://…``, ``auto``), or ``local``: one is started here.
        number: of actors. Each takes a GPU where the cluster has any, else a CPU.
        settings: of the ``Fitness`` that each makes; the paths in it must be the same on every node.

    Raises:
        InputError: Ray is not installed, or no cluster answers at the address.
    """

    def __init__(self, address: str, number: int, settings: Mapping[str, Any]) -> None:
        ray = _connect(address)
        self._ray, self._own = ray, address == LOCAL
        needs = {"num_gpus": 1} if ray.cluster_resources().get("GPU", 0) >= 1 else {"num_cpus": 1}
        actor = ray.remote(_Actor).options(max_restarts=-1, max_task_retries=0, **needs)
        self._lock, self._busy = threading.Lock(), 0
        self._idle: queue.Queue[Any] = queue.Queue()
        self._aside: list[tuple[Any, Any]] = []
        self.lost = 0
        for _ in range(number):
            made = actor.remote(dict(settings))
            self._aside.append((made, made.ready.remote()))

    def measure(self, model: Any, standing: Standing, raced: bool) -> FitnessResult:
        """Measure a candidate by an actor that is free; where it dies, by another.

        Raises:
            InputError: no actor answers any more, or the candidate killed several.
        """
        for _ in range(_TRIES):
            actor = self._free()
            try:
                result: FitnessResult = self._ray.get(actor.measure.remote(model, standing, raced))
            except self._ray.exceptions.RayActorError:
                with self._lock:
                    self._busy -= 1
                    self.lost += 1
                    self._aside.append((actor, actor.ready.remote()))
                continue
            with self._lock:
                self._busy -= 1
            self._idle.put(actor)
            return result
        raise InputError(f"Ray: {_TRIES} actors died over one candidate (out of memory?); what was told is kept")

    def _free(self) -> Any:
        began = time.monotonic()
        while True:
            try:
                actor = self._idle.get(timeout=0.2)
            except queue.Empty:
                actor = self._returned()
            with self._lock:
                if actor is not None:
                    self._busy += 1
                    return actor
                if self._busy:
                    began = time.monotonic()
            if time.monotonic() - began > _PATIENCE:
                raise InputError("Ray: no actor answers any more; what was told is kept, start the same search again")

    def _returned(self) -> Any:
        """An actor that was just made, or began again on another node."""
        with self._lock:
            for at, (actor, ready) in enumerate(self._aside):
                if not self._ray.wait([ready], timeout=0)[0]:
                    continue
                del self._aside[at]
                try:
                    self._ray.get(ready)
                    return actor
                except self._ray.exceptions.RayActorError:
                    self._aside.append((actor, actor.ready.remote()))
                    return None
                except self._ray.exceptions.RayTaskError as err:
                    cause = err.cause if isinstance(err.cause, InputError) else InputError(f"Ray: {err.cause}")
                    raise cause from err
        return None

    def close(self) -> None:
        """Let the actors go."""
        self._ray.shutdown()


class _Actor:
    """In a process of its own, on any node."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._fitness = Fitness(**settings)

    def ready(self) -> bool:
        return True

    def measure(self, model: Any, standing: Standing, raced: bool) -> FitnessResult:
        return self._fitness.measure(model, standing=standing, raced=raced)


def _connect(address: str) -> Any:
    try:
        import ray
    except ModuleNotFoundError as err:
        raise InputError('--ray needs Ray; install it with: pip install "jeval[ray]"') from err
    try:
        if ":" in address:  # Ray itself tries for minutes, and then ends the process
            host, _, port = address.removeprefix("ray://").rpartition(":")
            socket.create_connection((host, int(port)), _ANSWER).close()
        ray.init(
            address=None if address == LOCAL else address,
            include_dashboard=False if address == LOCAL else None,
            log_to_driver=False,
            logging_level=logging.ERROR,
        )
    except (ConnectionError, RuntimeError, ValueError, OSError) as err:
        said = " ".join(str(err).split())[:200]
        raise InputError(
            f"--ray {address}: no Ray cluster answers there ({said}); start one with `ray start --head`, or take --ray {LOCAL}"
        ) from err
    return ray
