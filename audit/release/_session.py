"""What every step of a run shares: the ledger, the output folder, the progress bar."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audit.core.files import make_folder, write_whole
from audit.core.progress import SILENT, Progress
from audit.documents import Document, Event, LedgerEntry, Named
from audit.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Session:
    """One run of the main job."""

    ledger: Ledger
    folder: Path
    model_id: str
    progress: Progress = SILENT

    def keep(self, name: str, data: bytes) -> Named:
        """Write `data` to evidence/NAME, whole or not at all, and return what names it."""
        path = make_folder(self.folder / "evidence") / name
        with write_whole(path) as file:
            file.write(data)
        return named(name, data)

    def keep_document(self, name: str, document: Document) -> Named:
        """Write a document's canonical bytes to evidence/NAME.json."""
        return self.keep(f"{name}.json", document.canonical())

    def record(
        self,
        kind: str,
        *,
        subject: str | None = None,
        inputs: Sequence[Named] = (),
        outputs: Sequence[Named] = (),
        facts: Mapping[str, Any] | None = None,
    ) -> LedgerEntry:
        """Append what happened to the ledger; durable when this returns."""
        return self.ledger.append(
            Event(
                type=kind,
                model_id=self.model_id,
                subject=subject,
                inputs=tuple(inputs),
                outputs=tuple(outputs),
                facts=dict(facts or {}),
            )
        )


def named(name: str, data: bytes) -> Named:
    """Return what names `data`: a name, and its SHA-256."""
    return Named(name=name, digest="sha256:" + hashlib.sha256(data).hexdigest())
