"""Results on stdout, progress on stderr: bars on a terminal, plain lines elsewhere."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from assay_client._records import Job

# Without a terminal a line is written at each tenth, and at the latest after this many seconds.
SILENCE = 10.0


class Output:
    """What a command says.

    Args:
        as_json: Write results as JSON.
        quiet: Say nothing about progress.
    """

    def __init__(self, *, as_json: bool, quiet: bool) -> None:
        self.as_json = as_json
        self.quiet = quiet
        self._out = Console(soft_wrap=True, highlight=False)
        self._err = Console(stderr=True, soft_wrap=True, highlight=False)

    def result(self, data: Any, text: str) -> None:
        """Write the result of the command: data with --json, the text otherwise."""
        if self.as_json:
            sys.stdout.write(json.dumps(data, ensure_ascii=False, indent=2, default=str) + "\n")
        else:
            self._out.print(text, markup=False)

    def table(self, rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> None:
        """Write rows: all their fields with --json, these columns otherwise."""
        if self.as_json:
            self.result(list(rows), "")
            return
        if not rows:
            self._out.print("Nothing yet.")
            return
        table = Table(box=None, pad_edge=False, header_style="bold")
        for column in columns:
            table.add_column(column.replace("_", " "))
        for row in rows:
            table.add_row(*(escape("" if row.get(column) is None else str(row[column])) for column in columns))
        self._out.print(table)

    def say(self, sentence: str) -> None:
        """Say something about the progress."""
        if not self.quiet:
            self._err.print(sentence, markup=False)

    @contextmanager
    def meter(self, title: str) -> Iterator[Meter]:
        """Show how far something is, for the time of the block."""
        meter: Meter
        if self.quiet:
            meter = Meter()
        elif self._err.is_terminal:
            meter = Bar(title, self._err)
        else:
            meter = Lines(title, self._err)
        try:
            yield meter
        finally:
            meter.close()


class Meter:
    """Takes progress and shows nothing."""

    def show(self, done: int, total: int | None, stage: str = "", extra: str = "") -> None:
        """Take units done, units in all (None while unknown), and what is going on."""

    def bytes(self, done: int, total: int) -> None:
        """Take bytes."""
        self.show(done, total or None)

    def job(self, job: Job) -> None:
        """Take a look at a job."""
        counted = f"{job.rows_done:,} rows" if job.rows_done else ""
        refused = f"{job.rows_refused:,} refused" if job.rows_refused else ""
        waiting = "waiting for a worker" if job.state == "queued" else job.stage
        done = job.total if job.state == "succeeded" and job.total else job.done
        self.show(done, job.total, waiting, ", ".join(filter(None, (counted, refused))))

    def close(self) -> None:
        """Stop showing."""


class Bar(Meter):
    """A bar on a terminal."""

    def __init__(self, title: str, console: Console) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
        self._progress = Progress(*columns, TextColumn("{task.fields[note]}"), console=console)
        self._task = self._progress.add_task(escape(title), total=None, note="")
        self._progress.start()

    def show(self, done: int, total: int | None, stage: str = "", extra: str = "") -> None:
        """Move the bar."""
        note = escape(" · ".join(filter(None, (stage, extra))))
        self._progress.update(self._task, completed=done, total=total, note=note)

    def close(self) -> None:
        """Leave the bar as it is."""
        self._progress.stop()


class Lines(Meter):
    """A line at each tenth and each new stage."""

    def __init__(self, title: str, console: Console) -> None:
        self._title = title
        self._console = console
        self._last: tuple[str, int] | None = None
        self._at = 0.0

    def show(self, done: int, total: int | None, stage: str = "", extra: str = "") -> None:
        """Write a line when there is something new to say."""
        tenth = int(10 * done / total) if total else -1
        now = time.monotonic()
        if (stage, tenth) == self._last and now - self._at < SILENCE:
            return
        self._last, self._at = (stage, tenth), now
        percent = f"{min(100, 100 * done // total)}%" if total else ""
        said = " ".join(filter(None, (percent, stage, f"({extra})" if extra else "")))
        self._console.print(f"{self._title}: {said or 'started'}", markup=False)
