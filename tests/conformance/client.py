#!/usr/bin/env python3
"""Sign and verify as the Sigstore conformance suite asks: exit 0 is yes, anything else no."""

import argparse
import hashlib
import json
import re
import sys
from pathlib import Path

from audit.core.errors import AuditError
from audit.core.files import read_bounded
from audit.documents import COSIGN_SIGN
from audit.sign import (
    MAX_BUNDLE,
    Expected,
    Identity,
    load_public_key,
    load_trusted_root,
    verify_expected,
)
from audit.sign.keyless import open_keyless


def arguments(given: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    verify = commands.add_parser("verify-bundle")
    verify.add_argument("--certificate-identity")
    verify.add_argument("--certificate-oidc-issuer")
    verify.add_argument("--key", type=Path)
    sign = commands.add_parser("sign-bundle")
    sign.add_argument("--identity-token", required=True)
    sign.add_argument("--signing-config", type=Path)
    sign.add_argument("--in-toto", action="store_true")
    for one in (verify, sign):
        one.add_argument("--staging", action="store_true")
        one.add_argument("--bundle", type=Path, required=True)
        one.add_argument("--trusted-root", type=Path)
        one.add_argument("subject")
    return parser.parse_args(given)


def verify(asked: argparse.Namespace) -> None:
    bundle = read_bounded(asked.bundle, limit=MAX_BUNDLE)
    keys = [load_public_key(asked.key.read_bytes(), source=str(asked.key))] if asked.key else []
    identities = []
    if not keys:
        identities = [Identity(asked.certificate_identity, asked.certificate_oidc_issuer)]
    expected = Expected(
        digest_of(asked.subject),
        keys=keys,
        identities=identities,
        predicate_type=predicate_type(bundle),
        artifact=True,
        root=load_trusted_root(asked.trusted_root),
    )
    verify_expected(bundle, expected)


def predicate_type(bundle: bytes) -> str:
    """Return the predicate type a statement has: the suite accepts any."""
    import base64

    try:
        payload = base64.b64decode(json.loads(bundle)["dsseEnvelope"]["payload"])
        return str(json.loads(payload)["predicateType"])
    except (ValueError, KeyError, TypeError):
        return COSIGN_SIGN


def sign(asked: argparse.Namespace) -> None:
    if asked.staging or not (asked.signing_config and asked.trusted_root):
        raise SystemExit("signing needs --signing-config and --trusted-root")
    config = {
        "mediaType": "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json",
        "trustedRoot": json.loads(asked.trusted_root.read_bytes()),
        "signingConfig": json.loads(asked.signing_config.read_bytes()),
    }
    path = asked.bundle.with_suffix(".config")
    path.write_text(json.dumps(config))
    signer = open_keyless(path, asked.identity_token, allow_email=True)
    data = Path(asked.subject).read_bytes()
    make = signer.sign_statement if asked.in_toto else signer.sign_artifact
    asked.bundle.write_bytes(make(data)[0])


def digest_of(subject: str) -> str:
    """Return the digest of a file, or the one that was given instead of it."""
    if re.fullmatch("sha256:[0-9a-f]{64}", subject) and not Path(subject).exists():
        return subject
    return "sha256:" + hashlib.sha256(Path(subject).read_bytes()).hexdigest()


def main(given: list[str]) -> int:
    asked = arguments(given)
    try:
        (verify if asked.command == "verify-bundle" else sign)(asked)
    except (AuditError, ValueError) as exc:
        sys.stderr.write(f"{exc}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
