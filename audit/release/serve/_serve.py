"""Serving a release: the gate first, then every answer marked, redacted and recorded.

Nothing is served that the gate does not allow at this moment, and receipts name
the digest the gate admitted.

Trust: a model served inside this process is read from sealed memory, whose bytes were
hashed on the way in. An engine that runs elsewhere opens its own files: what it has
loaded is what its operator says.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from audit.core.errors import UsageError
from audit.documents import Event, KeyRegistry, Named, Scheme, Verdict
from audit.gateway import App, Upstream
from audit.gateway import serve as listen
from audit.gateway.receipts import (
    Callers,
    DetectorApp,
    MarkedLlama,
    ReceiptDesk,
    with_receipts,
)
from audit.ledger import open_ledger
from audit.oci import FILE_PATH, Descriptor, Layout, parse_manifest
from audit.release.serve._config import ServeConfig
from audit.release.serve._sealed import sealed
from audit.watermark import (
    LocalSigner,
    ReceiptShelf,
    TrustedKeys,
    derive_all,
    open_root,
    read_signer,
)
from audit.watermark.engines import JsonTokenizer, Limits, LlamaServer, serve_gguf
from audit.watermark.examine import Examiner, Sources, Tokenizer
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
        UsageError: the artifact holds no GGUF file, or several, and no tokenizer for an upstream.
        ConfigError: a key file or the registry is not what it must be.
        LedgerUnavailable: the ledger cannot be opened.
        EngineUnavailable: the engine named in the configuration does not answer.
    """
    with _engine(layout, verdict.release.artifact, config) as (engine, tokenizer):
        _record_start(layout, verdict, config, place)
        signer = read_signer(place.folder / config.receipt_key)
        trusted: TrustedKeys = {signer.key: signer.private.public_key()}
        keeper = _keeper(tokenizer, signer, verdict, config, place)
        keeper.issuer()  # a registry or root that does not fit ends here, not at the first request
        shelf = place.folder / config.shelf
        desk = ReceiptDesk(
            keeper.issuer,
            shelf=lambda: ReceiptShelf(shelf),
            ledger=lambda: open_ledger(place.ledger_url),
        )
        try:
            app = with_receipts(
                engine,
                desk,
                policy=config.receipts,
                redaction=config.redaction,
                marks=config.marks,
            )
            with ReceiptShelf(shelf) as looked_into:
                detector = DetectorApp(
                    app, lambda: _examiner(keeper, looked_into, trusted), _callers(config)
                )
                listen(detector, place.host, place.port)
        finally:
            desk.close()


def _record_start(layout: Layout, verdict: Verdict, config: ServeConfig, place: Place) -> None:
    """Record what is served from now on, on which verdict, and whether its bytes are sealed.

    Raises:
        LedgerUnavailable: it cannot be recorded, so nothing is served.
    """
    inside = config.engine is None and config.upstream is None
    digest = verdict.release.artifact
    opened = [Named(name="model", digest=find_gguf(layout, digest).digest)] if inside else []
    with open_ledger(place.ledger_url) as ledger:
        ledger.append(
            Event(
                type="serve.started",
                model_id=verdict.release.model_id,
                subject=digest,
                inputs=(Named(name="verdict", digest=verdict.document_digest()), *opened),
                facts={"engine": engine_name(config), "sealed": inside},
            )
        )


def find_gguf(layout: Layout, digest: str) -> Descriptor:
    """Return what names the artifact's one GGUF file.

    Raises:
        UsageError: there is none, or there are several.
    """
    found = _files(layout, digest, ".gguf")
    if len(found) != 1:
        raise UsageError(
            f"{digest}: {len(found)} GGUF files; this engine serves artifacts with exactly one"
        )
    return found[0]


def _files(layout: Layout, digest: str, ending: str) -> list[Descriptor]:
    manifest = parse_manifest(layout.manifest(digest), source=digest)
    return [
        layer
        for layer in manifest.layers
        if layer.annotations.get(FILE_PATH, "").lower().endswith(ending)
    ]


_NAMES = {
    Scheme.AUDIT_G1: "vllm-audit-g1",
    Scheme.VLLM_GUMBEL: "vllm",
    Scheme.SGLANG_GUMBEL: "sglang",
}


def engine_name(config: ServeConfig) -> str:
    """Return what receipts call the engine."""
    if config.upstream is None:
        return "llama.cpp"
    return "upstream" if config.marks is None else _NAMES[config.marks]


def _limits(config: ServeConfig) -> Limits:
    return Limits(top_p=float(config.top_p), max_tokens=config.max_tokens)


def _callers(config: ServeConfig) -> Callers:
    names = {one.token_sha256: one.name for one in config.callers}
    return Callers(names, config.questions_per_minute)


@contextlib.contextmanager
def _engine(layout: Layout, digest: str, config: ServeConfig) -> Iterator[tuple[App, Tokenizer]]:
    """Give the engine that answers, and the tokenizer of the release it serves."""
    if config.upstream is not None:
        with _tokenizer(layout, digest) as tokenizer:
            yield Upstream(config.upstream), tokenizer
    elif config.engine is not None:
        with LlamaServer(config.engine) as server:
            yield MarkedLlama(server, limits=_limits(config)), server
    else:
        with (
            sealed(layout, find_gguf(layout, digest)) as model,
            serve_gguf(model, context=config.context) as server,
        ):
            yield MarkedLlama(server, limits=_limits(config)), server


@contextlib.contextmanager
def _tokenizer(layout: Layout, digest: str) -> Iterator[Tokenizer]:
    """Give the artifact's own tokenizer: its `tokenizer.json`, or that of its GGUF file."""
    found = _files(layout, digest, "tokenizer.json")
    if found:
        with sealed(layout, found[0]) as path:
            yield JsonTokenizer(path)
        return
    with (
        sealed(layout, find_gguf(layout, digest)) as model,
        serve_gguf(model, context=256) as server,
    ):
        yield server


def _keeper(
    tokenizer: Tokenizer, signer: LocalSigner, verdict: Verdict, config: ServeConfig, place: Place
) -> KeyKeeper:
    release = verdict.release
    return KeyKeeper(
        registry_file=place.folder / config.key_registry,
        root=open_root(
            config.root_key,
            folder=place.folder,
            pin_file=None if config.root_pin is None else place.folder / config.root_pin,
        ),
        signer=signer,
        release=ServedModel(
            release.model_id,
            release.artifact,
            engine_name(config),
            tokenizer,
            config.mark_profile(),
        ),
        epoch_days=config.epoch_days,
        engine_keys=None if config.engine_keys is None else place.folder / config.engine_keys,
    )


def _examiner(keeper: KeyKeeper, shelf: ReceiptShelf, trusted: TrustedKeys) -> Examiner:
    """Return an examiner for the registry as it is now; epochs end while it is served."""
    registry: KeyRegistry = keeper.registry()
    issuer = keeper.issuer()
    sources = Sources(registry, derive_all(keeper.root, registry), shelf, trusted)
    return Examiner(sources, {issuer.line.tokenizer_digest: issuer.tokenizer})
