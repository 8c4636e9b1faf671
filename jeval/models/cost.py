"""What the scoring of a run cost, as far as the machine can say."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch

from jeval.record.schema import CostRecord

_RAPL = Path("/sys/class/powercap")


class Cost:
    """Counters of one model.

    Attributes:
        tokens_fed: tokens that went through the model.
        unique_tokens: nodes of the radix trees of all requests, answered from the store or not.
        request_tokens: tokens of all requests without sharing, that is what a plain harness feeds (without padding).
        logit_rows: rows of the logits matrix computed.
        seconds: time per stage: ``tokenise``, ``plan``, ``forward``, ``logits``, ``generate``, ``stock``.
    """

    def __init__(self) -> None:
        self.tokens_fed = 0
        self.unique_tokens = 0
        self.request_tokens = 0
        self.logit_rows = 0
        self.seconds: dict[str, float] = {}
        self._energy_before = _joules()

    def add(self, stage: str, seconds: float) -> None:
        self.seconds[stage] = self.seconds.get(stage, 0.0) + seconds

    def record(self, model: Any) -> CostRecord:
        """For the record. ``energy_joules`` is the machine's since this model was loaded, ``None`` = not measured."""
        weights = list(model.parameters())
        busy = sum(self.seconds.get(stage, 0.0) for stage in ("forward", "logits", "generate", "stock"))
        now = _joules()
        energy = None if now is None or self._energy_before is None else max(0.0, now - self._energy_before)
        return CostRecord(
            tokens_fed=self.tokens_fed,
            unique_tokens=self.unique_tokens,
            request_tokens=self.request_tokens,
            logit_rows=self.logit_rows,
            seconds={stage: round(value, 4) for stage, value in sorted(self.seconds.items())},
            tokens_per_s=round(self.tokens_fed / busy, 1) if busy else None,
            peak_memory_bytes=_peak_memory(model),
            parameters=sum(p.numel() for p in weights),
            weight_bytes=sum(p.numel() * p.element_size() for p in weights),
            energy_joules=energy,
        )


def _peak_memory(model: Any) -> int | None:
    """Most memory held at once: of the GPU if the model is on one, else resident memory of this process."""
    if model.device.type == "cuda":
        return int(torch.cuda.max_memory_allocated(model.device))
    with suppress(ImportError, OSError):
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return int(peak if sys.platform == "darwin" else peak * 1024)
    return None


def _joules() -> float | None:
    """Energy counters of the GPU (NVML) or the processor packages (RAPL), in joules since some fixed time."""
    with suppress(Exception):
        if torch.cuda.is_available():
            import pynvml

            pynvml.nvmlInit()
            handle = pynvml.nvmlDeviceGetHandleByIndex(torch.cuda.current_device())
            return float(pynvml.nvmlDeviceGetTotalEnergyConsumption(handle)) / 1e3
    with suppress(OSError, ValueError):
        zones = sorted(_RAPL.glob("intel-rapl:?/energy_uj"))
        if zones:
            return sum(int(zone.read_text()) for zone in zones) / 1e6
    return None
