"""Counters as Prometheus reads them (text format 0.0.4)."""

from __future__ import annotations

import os
import time
from bisect import bisect_left
from collections import Counter, defaultdict
from pathlib import Path

BOUNDS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
# A bundle may have thousands of labels; every one would be a series of its own.
MOST_LABELS = 50
OTHER = "(other)"
HELP = {
    "assay_requests_total": "Requests, by route and status.",
    "assay_answers_total": "Inputs answered, by bundle.",
    "assay_errors_total": "Requests refused or failed, by code.",
    "assay_rejected_total": "Requests turned away for want of a place or of quota, by code.",
    "assay_labels_total": "Answers by label; labels beyond the first fifty are counted together.",
    "assay_reloads_total": "Bundles loaded again, by outcome.",
}
Labels = tuple[tuple[str, str], ...]


class Metrics:
    """What one server counts; used from its event loop alone."""

    def __init__(self) -> None:
        self.in_flight = 0
        self._started = time.time()
        self._counts: dict[str, Counter[Labels]] = {name: Counter() for name in HELP}
        self._buckets: dict[str, list[int]] = defaultdict(lambda: [0] * (len(BOUNDS) + 1))
        self._seconds: Counter[str] = Counter()
        self._labels: dict[str, set[str]] = defaultdict(set)

    def count(self, name: str, amount: int = 1, **labels: str) -> None:
        """Add to a counter of HELP."""
        self._counts[name][tuple(labels.items())] += amount

    def answered(self, bundle: str, seconds: float, labels: list[str]) -> None:
        """Record the answers of one request: how long it took, and which labels were given."""
        self._buckets[bundle][bisect_left(BOUNDS, seconds)] += 1
        self._seconds[bundle] += seconds  # type: ignore[assignment]
        known = self._labels[bundle]
        for label in labels:
            if label not in known and len(known) < MOST_LABELS:
                known.add(label)
            self.count("assay_labels_total", bundle=bundle, label=label if label in known else OTHER)

    def text(self, bundles: dict[str, str]) -> str:
        """Return everything in Prometheus' format; `bundles` are hashes by name."""
        lines = []
        for name, counts in self._counts.items():
            lines += [f"# HELP {name} {HELP[name]}", f"# TYPE {name} counter"]
            lines += [f"{name}{_braced(labels)} {value}" for labels, value in sorted(counts.items())]
        lines += self._histogram()
        lines += _gauge("assay_in_flight", "Requests being answered.", {(): self.in_flight})
        info: dict[Labels, float] = {(("bundle", name), ("sha256", sha256)): 1 for name, sha256 in bundles.items()}
        lines += _gauge("assay_bundle_info", "Bundles that are served.", info)
        cpu = "process_cpu_seconds_total"
        lines += [f"# HELP {cpu} Seconds of processor time.", f"# TYPE {cpu} counter", f"{cpu} {time.process_time()}"]
        lines += _gauge("process_resident_memory_bytes", "Memory in use.", {(): resident_bytes()})
        lines += _gauge("process_start_time_seconds", "When this process started.", {(): round(self._started, 3)})
        return "\n".join(lines) + "\n"

    def _histogram(self) -> list[str]:
        name = "assay_request_seconds"
        lines = [f"# HELP {name} From a whole request to its answer, by bundle.", f"# TYPE {name} histogram"]
        for bundle, counts in sorted(self._buckets.items()):
            total = 0
            for bound, count in zip((*map(str, BOUNDS), "+Inf"), counts, strict=True):
                total += count
                lines.append(f"{name}_bucket{_braced((('bundle', bundle), ('le', bound)))} {total}")
            lines.append(f"{name}_sum{_braced((('bundle', bundle),))} {self._seconds[bundle]:.6f}")
            lines.append(f"{name}_count{_braced((('bundle', bundle),))} {total}")
        return lines


def resident_bytes() -> int:
    """Return the memory of this process, 0 where the system does not say it."""
    try:
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def _gauge(name: str, said: str, values: dict[Labels, float]) -> list[str]:
    lines = [f"# HELP {name} {said}", f"# TYPE {name} gauge"]
    return lines + [f"{name}{_braced(labels)} {value}" for labels, value in values.items()]


def _braced(labels: Labels) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
