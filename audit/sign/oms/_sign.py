"""Sign and verify a model directory as OpenSSF Model Signing (OMS) v1.0 does."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from audit.core.errors import ConfigError, SignatureMismatch
from audit.core.files import read_bounded
from audit.sign._dsse import Envelope
from audit.sign.bundle import (
    MAX_BUNDLE,
    Expected,
    VerifiedBundle,
    parse_bundle,
    sign_statement,
    verify_expected,
)
from audit.sign.keys import PublicKey, Signer
from audit.sign.oms._files import model_digest, model_files
from audit.sign.oms._statement import PREDICATE_TYPE, compare, oms_statement, shard_size


def oms_hint(key: PublicKey) -> str:
    """Return how OMS names a key: the hex of the SHA-256 of its PEM text."""
    return hashlib.sha256(key.pem).hexdigest()


def sign_model(folder: Path, key: Signer, *, signature: Path | None = None) -> bytes:
    """Return an OMS bundle over every file under `folder`, signed with a key.

    `signature` is where the bundle will lie, when that is inside the folder.

    Raises:
        ConfigError: the folder holds something that cannot be signed.
    """
    files = model_files(folder, except_for=signature)
    return sign_statement(
        oms_statement(folder.resolve().name, files), key, hint=oms_hint(key.public)
    )


def model_statement(folder: Path, *, signature: Path | None = None) -> bytes:
    """Return the statement over every file under `folder`, for whoever signs it.

    Raises:
        ConfigError: the folder holds something that cannot be signed.
    """
    files = model_files(folder, except_for=signature)
    return oms_statement(folder.resolve().name, files)


def verify_model(
    folder: Path, signature: Path, expected: Callable[[str], Expected]
) -> tuple[str, VerifiedBundle]:
    """Verify an OMS bundle against the files that are there; return the model's digest as well.

    `expected` says who must have signed, given the digest.

    Raises:
        SignatureMismatch: the signature does not hold, or the files are not those signed.
        ConfigError: the folder holds something that cannot be signed.
    """
    bundle = read_bounded(signature, limit=MAX_BUNDLE)
    files = model_files(folder, except_for=signature, shard=_shard_size(bundle))
    digest = model_digest(files)
    wanted = replace(expected(digest), predicate_type=PREDICATE_TYPE)
    found = verify_expected(bundle, wanted)
    try:
        compare(found.payload, files)
    except ValueError as exc:
        raise SignatureMismatch(f"{folder}: {exc}") from exc
    return digest, found


def _shard_size(bundle: bytes) -> int | None:
    """Return in what pieces a bundle claims to name files; a wrong claim names none of them."""
    try:
        content = parse_bundle(bundle).content
        return shard_size(content.payload) if isinstance(content, Envelope) else None
    except (ValueError, ConfigError):  # refused with its reason when it is verified
        return None
