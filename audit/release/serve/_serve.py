"""Serving a release: the gate first, then every answer marked, redacted and recorded.

Nothing is served that the gate does not allow at this moment, and receipts name
the digest the gate admitted.

Trust: the model file is read once by the gate and once by the engine. Whoever
can write the layout between the two can serve other bytes; keep it read-only.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from audit.core.errors import UsageError
from audit.documents import KeyRegistry, Verdict
from audit.gateway import serve as listen
from audit.gateway.receipts import (
    Callers,
    DetectorApp,
    MarkedLlama,
    ReceiptDesk,
    with_receipts,
)
from audit.ledger import open_ledger
from audit.oci import FILE_PATH, Layout, parse_manifest
from audit.release.serve._config import ServeConfig
from audit.watermark import (
    LocalSigner,
    ReceiptShelf,
    TrustedKeys,
    derive_all,
    read_root,
    read_signer,
)
from audit.watermark.engines import Limits, LlamaServer, serve_gguf
from audit.watermark.examine import Examiner, Sources
from audit.watermark.issue import KeyKeeper, ServedModel


@dataclass(frozen=True, slots=True)
class Place:
    """Where it listens, and where its files are."""

    folder: Path
    ledger_url: str
    host: str
    port: int


def serve(layout: Layout, verdict: Verdict, config: ServeConfig, place: Place) -> None:
    """Serve the artifact of an allowing verdict until it is stopped.

    Raises:
        UsageError: the artifact holds no GGUF file, or several.
        ConfigError: a key file or the registry is not what it must be.
        LedgerUnavailable: the ledger cannot be opened.
        EngineUnavailable: the engine named in the configuration does not answer.
    """
    model = find_gguf(layout, verdict.release.artifact)
    with _engine(model, config) as engine:
        signer = read_signer(place.folder / config.receipt_key)
        trusted: TrustedKeys = {signer.key: signer.private.public_key()}
        keeper = _keeper(engine, signer, verdict, config, place)
        keeper.issuer()  # a registry or root that does not fit ends here, not at the first request
        shelf = place.folder / config.shelf
        desk = ReceiptDesk(
            keeper.issuer,
            shelf=lambda: ReceiptShelf(shelf),
            ledger=lambda: open_ledger(place.ledger_url),
        )
        try:
            app = with_receipts(
                MarkedLlama(engine, limits=_limits(config)),
                desk,
                policy=config.receipts,
                redaction=config.redaction,
            )
            with ReceiptShelf(shelf) as looked_into:
                detector = DetectorApp(
                    app, lambda: _examiner(keeper, looked_into, trusted), _callers(config)
                )
                listen(detector, place.host, place.port)
        finally:
            desk.close()


def find_gguf(layout: Layout, digest: str) -> Path:
    """Return where the artifact's one GGUF file lies.

    Raises:
        UsageError: there is none, or there are several.
    """
    manifest = parse_manifest(layout.manifest(digest), source=digest)
    found = [
        layer
        for layer in manifest.layers
        if layer.annotations.get(FILE_PATH, "").lower().endswith(".gguf")
    ]
    if len(found) != 1:
        raise UsageError(
            f"{digest}: {len(found)} GGUF files; this engine serves artifacts with exactly one"
        )
    return layout.blob_path(found[0].digest)


def _limits(config: ServeConfig) -> Limits:
    return Limits(top_p=float(config.top_p), max_tokens=config.max_tokens)


def _callers(config: ServeConfig) -> Callers:
    names = {one.token_sha256: one.name for one in config.callers}
    return Callers(names, config.questions_per_minute)


@contextlib.contextmanager
def _engine(model: Path, config: ServeConfig) -> Iterator[LlamaServer]:
    if config.engine is None:
        with serve_gguf(model, context=config.context) as engine:
            yield engine
    else:
        with LlamaServer(config.engine) as engine:
            yield engine


def _keeper(
    engine: LlamaServer, signer: LocalSigner, verdict: Verdict, config: ServeConfig, place: Place
) -> KeyKeeper:
    release = verdict.release
    return KeyKeeper(
        registry_file=place.folder / config.key_registry,
        root=read_root(place.folder / config.root_key),
        signer=signer,
        release=ServedModel(
            release.model_id, release.artifact, "llama.cpp", engine, config.profile
        ),
        epoch_days=config.epoch_days,
    )


def _examiner(keeper: KeyKeeper, shelf: ReceiptShelf, trusted: TrustedKeys) -> Examiner:
    """Return an examiner for the registry as it is now; epochs end while it is served."""
    registry: KeyRegistry = keeper.registry()
    issuer = keeper.issuer()
    sources = Sources(registry, derive_all(keeper.root, registry), shelf, trusted)
    return Examiner(sources, {issuer.line.tokenizer_digest: issuer.tokenizer})
