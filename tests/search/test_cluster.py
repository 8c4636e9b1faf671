"""A search over a Ray cluster of several nodes, one of which dies."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from jeval.fitness import Fitness
from jeval.search.cluster import Cluster
from jeval.search.config import checked
from jeval.search.run import search

if not os.environ.get("JEVAL_RAY"):
    pytest.skip("starts a Ray cluster: set JEVAL_RAY=1", allow_module_level=True)
ray = pytest.importorskip("ray")
pytestmark = pytest.mark.real_ray

Given = dict[str, Any]


@pytest.fixture
def nodes(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Any, list[Any]]]:
    """A head that measures nothing, and two nodes with room for one actor each."""
    from ray.cluster_utils import Cluster as Nodes

    paths = [str(Path(__file__).parents[2]), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))
    with tempfile.TemporaryDirectory(prefix="ray") as short:  # sockets lie below it: the path must be short
        monkeypatch.setenv("RAY_TMPDIR", short)
        found = Nodes(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
        yield found, [found.add_node(num_cpus=1) for _ in range(2)]
        ray.shutdown()
        found.shutdown()


def test_a_node_that_dies_costs_no_candidate_and_changes_no_result(
    given: Given, tmp_path: Path, nodes: tuple[Any, list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    given |= {"workers": 2, "budget": {"candidates": 6}}
    alone = search(
        checked(given | {"workers": 1, "budget": {"candidates": 6, "batch": 2}}), tmp_path / "alone", silent=True
    )
    clusters: list[Cluster] = []
    own, begin = Cluster.measure, Cluster.__init__
    measured = 0

    def note(self: Cluster, *args: Any) -> None:
        begin(self, *args)
        clusters.append(self)

    def kill(self: Cluster, *args: Any) -> Any:
        nonlocal measured
        measured += 1
        if measured == 6:  # in the midst of the candidates
            threading.Timer(0.2, lambda: nodes[0].remove_node(nodes[1][0])).start()
        return own(self, *args)

    monkeypatch.setattr(Cluster, "__init__", note)
    monkeypatch.setattr(Cluster, "measure", kill)
    ending = search(checked(given), tmp_path / "cluster", silent=True, ray=nodes[0].address)
    told = [{key: one[key] for key in ("score", "digest", "constraints", "items")} for one in ending.history]
    assert told == [{key: one[key] for key in ("score", "digest", "constraints", "items")} for one in alone.history]
    assert clusters[0].lost >= 1


@pytest.mark.parametrize("address", ["127.0.0.1:1", "ray://127.0.0.1:1", "127.0.0.1:port"])
def test_an_address_where_nobody_answers_is_one_line(
    address: str, given: Given, tmp_path: Path, cli: Callable[..., Any]
) -> None:
    file = tmp_path / "search.yaml"
    file.write_text(yaml.safe_dump(given))
    ended = cli("search", file, "--out", tmp_path / "out", "--ray", address)
    assert ended.code == 2
    assert f"--ray {address}: no Ray cluster answers there" in ended.err.strip().split("\n")[-1]


def test_a_fitness_takes_what_measures_elsewhere(parents: dict[str, Path]) -> None:
    class Echo:
        def measure(self, model: Any, standing: Any, raced: bool) -> Any:
            return plain.measure(model, standing=standing, raced=raced)

        def close(self) -> None:
            pass

    tasks = ["jeval_search_keigo_pairs"]
    plain = Fitness(tasks=tasks, limit=4, device="cpu")
    assert Fitness(tasks=tasks, limit=4, workers=Echo())(parents["one"]) == plain(parents["one"])
