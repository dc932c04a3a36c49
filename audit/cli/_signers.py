"""Options that say whose signature counts, and the search for one that does."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial, wraps
from pathlib import Path
from typing import Any, TypeVar, cast

import click

from audit.core.errors import UsageError
from audit.core.files import read_bounded
from audit.documents import COSIGN_SIGN, LogPlace, VerifiedSignature
from audit.oci import LegacyLayer, Store, legacy_layers
from audit.sign import (
    Expected,
    Identity,
    LegacySignature,
    PublicKey,
    TrustedRoot,
    VerifiedBundle,
    first_of,
    load_public_key,
    load_trusted_root,
    verify_expected,
    verify_legacy,
    verify_legacy_attestation,
)

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whose signature counts, over what kind of statement, and on whose word."""

    keys: dict[Path, PublicKey]
    identities: tuple[Identity, ...]
    predicate_type: str
    root: TrustedRoot | None

    def expected(self, digest: str, *, artifact: bool = False) -> Expected:
        """Return what a signature over `digest` is compared with."""
        return Expected(
            digest,
            keys=tuple(self.keys.values()),
            identities=self.identities,
            predicate_type=self.predicate_type,
            artifact=artifact,
            root=self.root,
        )

    def document(self, digest: str, found: VerifiedBundle) -> VerifiedSignature:
        """Return what was verified, as a document."""
        file = next((str(path) for path, key in self.keys.items() if key == found.key), "")
        log = None
        if (record := found.log) is not None:
            log = LogPlace(
                log_id=record.log_id,
                url=record.base_url,
                index=record.index,
                proved=record.proved,
            )
        return VerifiedSignature(
            subject=digest,
            bundle=found.bundle_digest,
            predicate_type=self.predicate_type,
            key=found.key.key_id,
            signer=found.signer.identity if found.signer else file,
            issuer=found.signer.issuer if found.signer else None,
            trusted_root=self.root.digest if self.root else None,
            log=log,
            times=tuple(round(when.timestamp() * 10**6) * 1000 for when in found.times),
        )


def signer_options(command: F) -> F:
    """Add `--key`, `--identity` and what belongs to them; give the command a `wanted`."""

    @click.option(
        "--key",
        "keys",
        multiple=True,
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="A public key whose signature counts. May be given several times.",
    )
    @click.option("--identity", help="The e-mail address or URI a certificate must name, exactly.")
    @click.option(
        "--identity-regexp",
        metavar="PATTERN",
        help="A pattern that must match the whole identity.",
    )
    @click.option("--issuer", help="The identity provider that must vouch for it, exactly.")
    @click.option(
        "--trusted-root",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Whose certificates, logs and timestamps count; see audit sign trust show.",
    )
    @click.option(
        "--predicate-type",
        default=COSIGN_SIGN,
        show_default=True,
        help="The type of statement wanted.",
    )
    @wraps(command)
    def call(*args: Any, **given: Any) -> Any:
        names = ("keys", "identity", "identity_regexp", "issuer", "trusted_root", "predicate_type")
        options = {name: given.pop(name) for name in names}
        return command(*args, wanted=_wanted(options), **given)

    return cast("F", call)


def _wanted(given: dict[str, Any]) -> Wanted:
    keys, issuer = cast("tuple[Path, ...]", given["keys"]), cast("str | None", given["issuer"])
    identity, identity_regexp = given["identity"], given["identity_regexp"]
    trusted_root = cast("Path | None", given["trusted_root"])
    name = identity or identity_regexp
    if (identity and identity_regexp) or bool(name) == bool(keys):
        raise UsageError("name who must have signed: --key, or --identity with --issuer")
    if bool(name) != bool(issuer):
        raise UsageError(
            "an identity counts only with the provider that vouches for it",
            hint="--identity NAME --issuer URL",
        )
    try:
        identities = (
            (Identity(name, issuer, pattern=bool(identity_regexp)),) if name and issuer else ()
        )
    except ValueError as exc:
        raise UsageError(str(exc)) from exc
    root = load_trusted_root(trusted_root) if trusted_root or identities else None
    read = {path: load_public_key(read_bounded(path), source=str(path)) for path in keys}
    return Wanted(read, identities, given["predicate_type"], root)


def find_signature(
    store: Store, digest: str, wanted: Wanted, *, repository: str | None = None
) -> VerifiedBundle:
    """Return the first signature attached to `digest` that is as wanted.

    With a `repository`, one in the older form counts only if it was made for that one.

    Raises:
        SignatureMismatch: there is none, with the reasons.
        EvidenceError: the store cannot be reached.
    """
    expected = wanted.expected(digest)
    return first_of(_candidates(store, digest, expected, repository), digest)


def _candidates(
    store: Store, digest: str, expected: Expected, repository: str | None
) -> Iterator[Callable[[], VerifiedBundle]]:
    for bundle in store.bundles(digest):
        yield partial(verify_expected, bundle, expected)
    signed = expected.predicate_type == COSIGN_SIGN
    verify = partial(verify_legacy, reference=repository) if signed else verify_legacy_attestation
    for layer in legacy_layers(store, digest, "sig" if signed else "att"):
        yield partial(verify, _legacy(layer), expected)


def _legacy(layer: LegacyLayer) -> LegacySignature:
    return LegacySignature(layer.data, layer.annotations)
