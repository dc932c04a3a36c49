"""What the main job writes into a ledger for a release, without running it."""

import hashlib
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from audit.documents import COSIGN_SIGN, RELEASE_FACTS, Event, Named

MODEL = "acme/qwen-7b-support"
FACTS: Mapping[str, str] = {
    "finetune.base_model": "Qwen/Qwen2.5-7B",
    "finetune.learning_rate": "2e-5",
    "finetune.num_train_epochs": "3",
    "eval.accuracy": "0.93",
    "eval.f1_macro": "0.91",
}


def digest(text: str, algorithm: str = "sha256") -> str:
    """Return a digest that stands for the file called `text`."""
    return f"{algorithm}:{hashlib.sha256(text.encode()).hexdigest()}"


def named(name: str, version: str) -> Named:
    return Named(name=name, digest=digest(f"{name} of {version}"))


@dataclass(frozen=True)
class FakeRelease:
    """One release; its fields are what tests vary. Steps are skipped by name."""

    version: str = "1.4.0"
    model_id: str = MODEL
    findings: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=lambda: dict(FACTS))
    rules_off: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    without: frozenset[str] = frozenset()
    sources: tuple[str, ...] = ("trainer_state.json", "eval.json", "conda-lock.yml")

    @property
    def subject(self) -> str:
        return digest(f"manifest of {self.version}")

    def events(self) -> Iterator[Event]:
        """Give the events of the release in the order of the main job."""
        return (event for event in self._all() if event.type not in self.without)

    def _event(self, kind: str, **rest: Any) -> Event:
        return Event(type=kind, model_id=self.model_id, **rest)

    def _all(self) -> Iterator[Event]:
        version = self.version
        manifest = named("dataset-manifest", version)
        inspection = named("model-inspection", version)
        described = named("release-facts", version), named("README.md", version)
        dataset = Named(name="dataset", digest=digest(f"dataset of {version}", "blake3"))
        yield self._event(
            "dataset.fingerprinted",
            outputs=(dataset, manifest),
            facts={"files": "4", "bytes": "13812345678"},
        )
        yield self._event(
            "model.inspected",
            inputs=(named("model.gguf", version),),
            outputs=(inspection,),
            facts={"files": "2", "formats": ["gguf", "json"], "refused": list(self.refused)},
        )
        yield self._event(
            "release.described",
            inputs=tuple(named(name, version) for name in self.sources),
            outputs=described,
            facts=dict(self.facts),
        )
        yield self._event(
            "release.packaged",
            subject=self.subject,
            inputs=(manifest, inspection, *described),
            outputs=(named("config", version),),
            facts={"version": version, "layers": "3"},
        )
        for kind in (COSIGN_SIGN, RELEASE_FACTS):
            yield self._event(
                "release.signed",
                subject=self.subject,
                outputs=(named(f"bundle {kind}", version),),
                facts={"key": digest("key"), "predicate_type": kind},
            )
        yield self._event(
            "gate.decided",
            subject=self.subject,
            inputs=(Named(name="policy", digest=digest("policy")),),
            outputs=(named("verdict", version),),
            facts={
                "outcome": "deny" if self.findings else "allow",
                "policy": "release",
                "policy_version": "1",
                "findings": list(self.findings),
                "rules_off": list(self.rules_off),
                "version": version,
            },
        )


DENIED = FakeRelease("1.4.0", findings=("unsigned-model",), without=frozenset({"release.signed"}))
ALLOWED = FakeRelease("1.4.1")


def edit(url: str, seq: int) -> None:
    """Edit one byte of one leaf, as somebody with the database file can."""
    with sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None) as raw:
        for (name,) in raw.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall():
            raw.execute(f"DROP TRIGGER {name}")
        (leaf,) = raw.execute("SELECT leaf FROM entries WHERE seq = ?", (seq,)).fetchone()
        raw.execute(
            "UPDATE entries SET leaf = ? WHERE seq = ?", (leaf.replace(b"qwen", b"qwem", 1), seq)
        )
    raw.close()
