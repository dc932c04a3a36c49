"""Options that say whose anchors and cosignatures count."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar, cast

import click

from audit.cli._durations import duration
from audit.core.clock import now_ns
from audit.core.files import read_bounded
from audit.documents import Anchor, AnchorVerifier
from audit.ledger import Outside, parse_policy

F = TypeVar("F", bound=Callable[..., Any])

trusted_root_option = click.option(
    "--trusted-root",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Whose timestamps and logs count (Sigstore trusted root, or client trust configuration).",
)
chain_option = click.option(
    "--tsa-chain",
    "chains",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A timestamp authority whose word counts: its certificates in PEM, root included.",
)


def outside_options(command: F) -> F:
    """Add the options about what is outside the database; give the command an `anchors`."""

    @trusted_root_option
    @chain_option
    @click.option(
        "--anchor",
        "anchor_files",
        multiple=True,
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="An anchor that was kept elsewhere (audit ledger anchor --keep); "
        "the ledger must extend it.",
    )
    @click.option(
        "--anchored-within",
        type=duration,
        metavar="TIME",
        help="Fail (3) if an entry was not under a timestamp that soon, such as 24h.",
    )
    @click.option(
        "--log-policy",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Whose cosignatures count (C2SP tlog-policy); its quorum must hold.",
    )
    @wraps(command)
    def call(*args: Any, **given: Any) -> Any:
        names = ("trusted_root", "chains", "anchor_files", "anchored_within", "log_policy")
        options = {name: given.pop(name) for name in names}
        return command(*args, anchors=_outside(options), **given)

    return cast("F", call)


def _outside(given: dict[str, Any]) -> Outside:
    policy = cast("Path | None", given["log_policy"])
    files = cast("tuple[Path, ...]", given["anchor_files"])
    return Outside(
        verifier=anchor_trust(given["trusted_root"], given["chains"]),
        anchors=[Anchor.read(read_bounded(file), source=str(file)) for file in files],
        policy=None if policy is None else parse_policy(read_bounded(policy), source=str(policy)),
        within_ns=given["anchored_within"],
        now_ns=now_ns(),
    )


def anchor_trust(root: Path | None, chains: tuple[Path, ...]) -> AnchorVerifier | None:
    """Return whoever checks anchors against these files; None if there are none."""
    if root is None and not chains:
        return None  # keep `audit ledger verify` free of the sign room's libraries
    from audit.sign import load_trusted_root
    from audit.sign.anchor import AnchorTrust, read_chain, trust_anchors

    known = trust_anchors(
        None if root is None else load_trusted_root(root), [read_chain(one) for one in chains]
    )
    return None if known is None else AnchorTrust(known)
