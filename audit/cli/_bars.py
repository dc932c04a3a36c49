"""Progress bars on stderr, on a terminal only."""

import contextlib
import sys
from collections.abc import Iterator

from audit.core.progress import SILENT, Progress


@contextlib.contextmanager
def progress_bars() -> Iterator[Progress]:
    """Give a progress that draws with rich on a terminal, and nothing elsewhere."""
    if not sys.stderr.isatty():
        yield SILENT
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, TaskID, TextColumn, TransferSpeedColumn
    from rich.progress import Progress as Bars

    class Drawn:
        def __init__(self, bars: Bars) -> None:
            self._bars = bars
            self._task: TaskID | None = None

        def start(self, label: str, total: int) -> None:
            self._task = self._bars.add_task(label, total=total)

        def advance(self, count: int) -> None:
            if self._task is not None:
                self._bars.advance(self._task, count)

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
    )
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        yield Drawn(bars)
