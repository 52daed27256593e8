"""Time and memory from a file of somebody's own data to a domain that can be trained on.

``python -m benchmarks.imports FILE [--times N] [--json]``. Each import runs in a process and a home of its own. Printed
are the seconds until it is known what the file holds, until the domains are stored, and until they are loaded and
split; the processor's seconds for all of it, which do not depend on what else runs; the largest resident memory of the
process, pages of mapped files included, and how much of it is there before the import begins; how often progress was
reported, and the longest time without a report.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import psutil

from xfer_core.domains import domain_info
from xfer_core.imports import examine, store
from xfer_core.problems.problem import Problem, split_problem


class Peak(threading.Thread):
    """Samples the resident memory of this process until it is closed."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.bytes, self._closed = 0, threading.Event()

    def run(self) -> None:
        """Sample it, a hundred times a second."""
        process = psutil.Process()
        while not self._closed.wait(0.01):
            self.bytes = max(self.bytes, process.memory_info().rss)

    def close(self) -> int:
        """End; returns the most bytes that were seen."""
        self._closed.set()
        self.join()
        return self.bytes


def measure(file: Path) -> dict[str, Any]:
    """One import in this process."""
    reports = [time.monotonic()]
    before, peak = psutil.Process().memory_info().rss, Peak()
    peak.start()
    begun, used = time.monotonic(), time.process_time()
    finding = examine(file, progress=lambda _fraction: reports.append(time.monotonic()))
    examined = time.monotonic()
    keys = store(finding, "measured", progress=lambda _fraction: reports.append(time.monotonic()))
    stored = time.monotonic()
    tasks = tuple(domain_info(keys[0]).tasks)[:1]
    split_problem(Problem(source=(), target=keys[:1], tasks=tasks, labels_per_class=1), 0)
    ready = time.monotonic()
    waits = [later - earlier for earlier, later in zip(reports, [*reports[1:], stored], strict=True)]
    return {
        "samples": sum(found.samples for found in finding.domains),
        "skipped": len(finding.skipped),
        "examined_s": examined - begun,
        "stored_s": stored - examined,
        "ready_s": ready - stored,
        "total_s": ready - begun,
        "processor_s": time.process_time() - used,
        "peak_mb": peak.close() / 1e6,
        "before_mb": before / 1e6,
        "reports": len(reports) - 1,
        "longest_wait_s": max(waits),
    }


def _apart(file: Path, home: str, answers: Any) -> None:
    os.environ["XFER_HOME"] = home
    answers.put(measure(file))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    context, found = multiprocessing.get_context("spawn"), list[dict[str, Any]]()
    for _ in range(options.times):
        with tempfile.TemporaryDirectory() as home:
            answers = context.SimpleQueue()
            process = context.Process(target=_apart, args=(options.file, home, answers))
            process.start()
            process.join()
            if process.exitcode:
                sys.exit(process.exitcode)
            found.append(answers.get())
    load = os.getloadavg()[0]
    if options.json:
        print(json.dumps({"runs": found, "cores": os.cpu_count(), "load": load}))
        return
    print(f"{options.file.name} on {os.cpu_count()} cores, load {load:.1f}")
    for one in found:
        print(
            f"{one['samples']:,} samples, {one['skipped']} left out: known after {one['examined_s']:.1f} s, stored "
            f"after {one['stored_s']:.1f} s, split after {one['ready_s']:.1f} s, in all {one['total_s']:.1f} s "
            f"({one['processor_s']:.1f} s of processors)\n  {one['peak_mb']:.0f} MB at most, {one['before_mb']:.0f} MB "
            f"before; {one['reports']} reports of progress, {one['longest_wait_s']:.1f} s at most without one"
        )


if __name__ == "__main__":
    main()
