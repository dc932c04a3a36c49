"""A database rewritten from scratch with the stolen log key, and who notices.

The rewriter holds the database, this package and the log's key with its memory. Whatever
verify can recompute is as it should be: it does not notice him, and says so.
"""

from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from audit.core.errors import (
    AnchorMissing,
    ChainBroken,
    ConfigError,
    QuorumMissing,
    SignatureMismatch,
    VerificationError,
)
from audit.documents import Anchor, AnchorKind, Checkpoint, LedgerVerification
from audit.ledger import (
    ALGORITHMS,
    Cosigner,
    LogPolicy,
    Outside,
    TileFolder,
    VerifierKey,
    Witness,
    WitnessServer,
    WitnessState,
    anchor_checkpoint,
    collect_cosignatures,
    export_tiles,
    open_ledger,
    parse_policy,
    post_http,
)
from tests.fakes.anchors import Anchors
from tests.fakes.databases import MADE_CHECKPOINTS, Database
from tests.fakes.ledgers import LOG, Ticks, event

THEN = 1_790_000_000
"""When the entries were recorded, in UTC seconds."""
DAY = 86_400
HOUR_NS = 3600 * 10**9


@pytest.fixture(scope="module")
def anchors() -> Anchors:
    return Anchors(THEN + 60)


@pytest.fixture
def honest(database: Database, anchors: Anchors) -> tuple[str, list[Anchor]]:
    """A ledger of 20 entries whose checkpoint over 19 was anchored a minute later, and the anchors."""
    anchors.now = THEN + 60
    url = database.made()
    with open_ledger(url, clock=Ticks((THEN + 61) * 10**9)) as ledger:
        return url, anchor_checkpoint(ledger, anchors.makers)


@pytest.fixture
def rewritten(database: Database, anchors: Anchors) -> str:
    """The same ledger, written anew a year later with the same key: entries from 3 on differ."""
    anchors.now = THEN + 365 * DAY
    return rewrite(database.new(), first=3)


def rewrite(url: str, *, first: int) -> str:
    with open_ledger(url, create=True, clock=Ticks()) as ledger:
        for number in range(20):
            ledger.append(event(number if number < first else number + 100))
            if number + 1 in MADE_CHECKPOINTS:
                ledger.checkpoint(LOG)
    return url


def verified(url: str, **given: object) -> LedgerVerification:
    kept = given.pop("outside", ())
    with open_ledger(url, clock=Ticks()) as ledger:
        return ledger.verify(
            vkeys=(LOG.vkey,),
            outside=kept,  # type: ignore[arg-type]
            anchors=Outside(**given),  # type: ignore[arg-type]
        )


def test_without_anything_outside_a_rewrite_passes_and_verify_says_since_when(
    rewritten: str,
) -> None:
    found = verified(rewritten)
    assert (found.covered, found.anchored, found.outside) == (19, 0, ())
    assert found.unanchored_since_ns == THEN * 10**9 + 1000


# (a) a witness


@pytest.fixture(params=sorted(ALGORITHMS))
def policy(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LogPolicy]:
    """A witness that serves, and the policy that needs it."""
    cosigner = Cosigner.from_seed("witness.example/w", ALGORITHMS[request.param], bytes(32))
    served = Witness(
        cosigners=(cosigner,),
        logs=(VerifierKey.parse(LOG.vkey),),
        state=WitnessState(tmp_path / "witness.db"),
        clock_ns=lambda: THEN * 10**9,
    )
    with WitnessServer(("127.0.0.1", 0), served) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        lines = [f"log {LOG.vkey}", f"witness w {cosigner.vkey} {server.url}", "quorum w", ""]
        yield parse_policy("\n".join(lines).encode(), source="policy")
        server.shutdown()
        thread.join()


def ask(url: str, tiles: Path, policy: LogPolicy) -> None:
    with open_ledger(url, clock=Ticks()) as ledger:
        store = TileFolder(tiles)
        export_tiles(ledger, store)
        collect_cosignatures(ledger, store, policy, post=post_http)


def test_a_rewrite_with_the_stolen_log_key_is_caught_by_a_witness(
    honest: tuple[str, list[Anchor]], rewritten: str, policy: LogPolicy, tmp_path: Path
) -> None:
    ask(honest[0], tmp_path / "tiles", policy)
    now = THEN * 10**9
    found = verified(honest[0], policy=policy, now_ns=now)
    assert [(one.kind, one.size, one.by) for one in found.outside] == [("witness", 19, "w")]
    with pytest.raises(VerificationError, match="saw another history"):
        ask(rewritten, tmp_path / "rewritten", policy)
    with pytest.raises(QuorumMissing, match="not cosigned by the quorum"):
        verified(rewritten, policy=policy, now_ns=now)


# (b) a timestamp


def of_kind(anchors: list[Anchor], kind: AnchorKind) -> Anchor:
    (found,) = [one for one in anchors if one.kind is kind]
    return found


@pytest.mark.parametrize("first", [0, 3, 12, 18])
def test_a_rewrite_with_the_stolen_log_key_is_caught_by_a_timestamp_kept_elsewhere(
    database: Database, honest: tuple[str, list[Anchor]], anchors: Anchors, first: int
) -> None:
    kept = of_kind(honest[1], AnchorKind.TIMESTAMP)
    found = verified(honest[0], verifier=anchors.trust, anchors=[kept])
    assert {(one.kind, one.size) for one in found.outside} >= {("timestamp", 19)}
    other = rewrite(database.new(), first=first)
    with pytest.raises(ChainBroken, match=r"with a timestamp by .* signed"):
        verified(other, verifier=anchors.trust, anchors=[kept])


def test_a_rewrite_with_the_stolen_log_key_cannot_be_timestamped_in_the_past(
    honest: tuple[str, list[Anchor]], rewritten: str, anchors: Anchors
) -> None:
    """Also if the timestamps of the true history were all destroyed."""
    within = {"within_ns": HOUR_NS, "now_ns": (THEN + 120) * 10**9}
    assert verified(honest[0], verifier=anchors.trust, **within).anchored == 19
    with open_ledger(rewritten, clock=Ticks(anchors.now * 10**9)) as ledger:
        anchor_checkpoint(ledger, anchors.makers)
    late = within | {"now_ns": anchors.now * 10**9}
    with pytest.raises(AnchorMissing, match="ledger entry 0 is as old as it says"):
        verified(rewritten, verifier=anchors.trust, **late)


# (c) a transparency log


@pytest.mark.parametrize("first", [0, 3, 12, 18])
def test_a_rewrite_with_the_stolen_log_key_is_caught_by_a_rekor_entry(
    database: Database, honest: tuple[str, list[Anchor]], anchors: Anchors, first: int
) -> None:
    kept = of_kind(honest[1], AnchorKind.LOG)
    found = verified(honest[0], verifier=anchors.trust, anchors=[kept])
    assert {(one.kind, one.size, one.at_ns) for one in found.outside} >= {("log", 19, None)}
    other = rewrite(database.new(), first=first)
    with pytest.raises(ChainBroken, match=r"with a log by .* entry .* signed"):
        verified(other, verifier=anchors.trust, anchors=[kept])


@pytest.mark.parametrize("kind", AnchorKind)
def test_an_anchor_of_the_true_history_does_not_pass_for_one_of_the_rewritten(
    honest: tuple[str, list[Anchor]], rewritten: str, anchors: Anchors, kind: AnchorKind
) -> None:
    with open_ledger(rewritten, clock=Ticks()) as ledger:
        last = max(ledger.checkpoints(), key=lambda one: one.size)
        ledger.attach(last, f"anchor.{kind}", of_kind(honest[1], kind).raw)
    with pytest.raises(SignatureMismatch, match="does not hold"):
        verified(rewritten, verifier=anchors.trust)


# (d) a checkpoint held elsewhere


def test_a_rewrite_with_the_stolen_log_key_is_caught_by_a_checkpoint_held_elsewhere(
    honest: tuple[str, list[Anchor]], rewritten: str
) -> None:
    with open_ledger(honest[0]) as ledger:
        kept = ledger.checkpoints()
    for one in kept:
        found = verified(honest[0], outside=(one,))
        assert (found.anchored, found.outside[0].kind) == (one.size, "checkpoint")
        with pytest.raises(ChainBroken, match="kept outside"):
            verified(rewritten, outside=(one,))


# What an anchor does not reach


def test_what_was_recorded_after_the_last_anchor_can_be_rewritten_and_verify_says_since_when(
    database: Database, anchors: Anchors
) -> None:
    anchors.now = THEN + 60
    url = database.new()
    with open_ledger(url, create=True, clock=Ticks()) as ledger:
        ledger.append_many([event(number) for number in range(7)])
        ledger.checkpoint(LOG)
        kept = anchor_checkpoint(ledger, anchors.makers)
    other = rewrite(database.new(), first=7)
    found = verified(other, verifier=anchors.trust, anchors=kept)
    assert (found.size, found.anchored) == (20, 7)
    with open_ledger(other) as ledger:
        seventh = next(ledger.entries(start=7))
    assert found.unanchored_since_ns == seventh.ts_ns


def test_a_cut_ledger_lacks_what_an_anchor_saw(
    database: Database, honest: tuple[str, list[Anchor]], anchors: Anchors
) -> None:
    url = database.new()
    with open_ledger(url, create=True, clock=Ticks()) as ledger:
        ledger.append_many([event(number) for number in range(18)])
        ledger.checkpoint(LOG)
    with pytest.raises(ChainBroken, match="ledger entry 18 is missing") as caught:
        verified(url, verifier=anchors.trust, anchors=honest[1])
    assert caught.value.seq == 18


def test_an_anchor_over_a_checkpoint_by_another_key_counts_for_nothing(
    honest: tuple[str, list[Anchor]], anchors: Anchors
) -> None:
    from tests.fakes.notes import SeededSigner

    with (
        open_ledger(honest[0]) as ledger,
        pytest.raises(SignatureMismatch, match="not signed by a key that is trusted"),
    ):
        ledger.verify(
            vkeys=(SeededSigner(LOG.name, "other").vkey,),
            anchors=Outside(verifier=anchors.trust, anchors=honest[1]),
        )


def test_an_anchor_that_nobody_trusted_made_is_refused_when_it_is_brought_along(
    honest: tuple[str, list[Anchor]], anchors: Anchors
) -> None:
    kept = of_kind(honest[1], AnchorKind.LOG)
    with pytest.raises(ConfigError, match="nobody whose word counts"):
        verified(honest[0], verifier=Anchors(THEN, seed="other").trust, anchors=[kept])
    with pytest.raises(ConfigError, match="anchors count only with"):
        verified(honest[0], anchors=[kept])


def test_anchors_keep_their_bytes_as_files(honest: tuple[str, list[Anchor]]) -> None:
    for one in honest[1]:
        again = Anchor.read(one.model_dump_json().encode(), source="file")
        assert (again, again.raw, again.note) == (one, one.raw, one.note)
        for spoiled in ("", "A", "AA=", one.data + "\n", one.data[:-4] + "!!!="):
            bad = one.model_dump_json().replace(one.data, spoiled.replace("\n", "\\n"))
            with pytest.raises(ConfigError):
                Anchor.read(bad.encode(), source="file")


def test_a_checkpoint_is_what_is_anchored_and_the_largest_one(
    honest: tuple[str, list[Anchor]],
) -> None:
    with open_ledger(honest[0]) as ledger:
        largest: Checkpoint = max(ledger.checkpoints(), key=lambda one: one.size)
    assert {one.note for one in honest[1]} == {largest.note.encode()}
