"""What a process may use of the machine: the limits of its control groups count, of both versions."""

from __future__ import annotations

from pathlib import Path

import pytest

from jeval import machine

GB = 1 << 30


@pytest.fixture
def groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(machine, "_OF_PROCESS", tmp_path / "cgroup")
    monkeypatch.setattr(machine, "_MOUNTED", tmp_path / "fs")
    (tmp_path / "fs").mkdir()
    return tmp_path


def write(folder: Path, **files: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text)


def test_the_tightest_group_counts(groups: Path) -> None:
    (groups / "cgroup").write_text("0::/bank/job\n")
    write(groups / "fs" / "bank", memory__max="3221225472\n", memory__current="1073741824\n", cpu__max="max 100000\n")
    write(groups / "fs" / "bank" / "job", memory__max="max\n", memory__current="5\n", cpu__max="150000 100000\n")
    write(groups / "fs" / "bank", memory__stat="anon 5\ninactive_file 536870912\n")
    assert machine.total_memory() == 3 * GB
    assert machine.free_memory() == 3 * GB - GB + GB // 2
    assert machine.cores() <= 2


def test_a_container_sees_its_own_group_as_the_root(groups: Path) -> None:
    (groups / "cgroup").write_text("0::/system.slice/of-the-host.scope\n")
    write(groups / "fs", memory__max=f"{2 * GB}\n", memory__current=f"{GB}\n", cpu__max="50000 100000\n")
    assert machine.total_memory() == 2 * GB
    assert machine.free_memory() == GB
    assert machine.cores() == 1


def test_version_1_is_read_and_its_number_for_no_limit_is_none(groups: Path) -> None:
    (groups / "cgroup").write_text("4:memory:/job\n1:cpu,cpuacct:/job\n")
    write(groups / "fs" / "memory" / "job", memory__limit_in_bytes=f"{GB}\n", memory__usage_in_bytes=f"{GB // 4}\n")
    write(groups / "fs" / "memory", memory__limit_in_bytes="9223372036854771712\n", memory__usage_in_bytes="7\n")
    write(groups / "fs" / "cpu" / "job", cpu__cfs_quota_us="100000\n", cpu__cfs_period_us="100000\n")
    assert machine.total_memory() == GB
    assert machine.free_memory() == GB - GB // 4
    assert machine.cores() == 1


def test_without_groups_the_machine_is_asked(groups: Path) -> None:
    import psutil

    assert machine.total_memory() == psutil.virtual_memory().total
    (groups / "cgroup").write_text("0::/\n")
    assert machine.total_memory() == psutil.virtual_memory().total
    assert machine.cores() >= 1
