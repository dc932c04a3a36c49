"""Keyless bundles, good and bad, as vectors: `python -m tests.sigkit.keyless` writes them.

A stack made from a seed and a clock that stands still signs; every case changes one thing.
"""

import base64
import copy
import json
from collections.abc import Callable, Iterator
from datetime import timedelta

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.sigkit import hostile
from tests.sigkit.bundles import compact, statement
from tests.sigkit.maker import (
    MINUTE,
    PAYLOAD,
    VECTORS,
    Case,
    Json,
    Maker,
    entry,
    flipped,
    material,
    proof,
    signature,
    stamps,
)
from tests.sigstack import Stack
from tests.sigstack.authority import der, derived, spki
from tests.sigstack.merkle import Log, b64, sha256
from tests.sigstack.stack import NOON, Signer, seconds


def cases() -> Iterator[Case]:
    """Give every case of both versions."""
    for version in (1, 2):
        make = Maker(version)
        yield make.case("good", make.good)
        for some in (_envelope, _logged, _checkpoints, _timed, _certificates, _roots):
            yield from some(make)
        yield from (_only_v1(make) if version == 1 else _only_v2(make))
        yield from hostile.cases(make)


def _envelope(make: Maker) -> Iterator[Case]:
    payload = b64(PAYLOAD.replace(b"abab", b"abac", 1))
    yield make.case(
        "payload-changed",
        make.changed(lambda v: v["dsseEnvelope"].update(payload=payload)),
        "not one of the certificate's key",
    )
    yield make.case(
        "payload-type-changed",
        make.changed(lambda v: v["dsseEnvelope"].update(payloadType="text/plain")),
        "not one of the certificate's key",
    )
    yield make.case("payload-type-signed", make.signed(kind="text/plain"), "payload type")
    double = make.changed(
        lambda v: v["dsseEnvelope"]["signatures"].append(v["dsseEnvelope"]["signatures"][0])
    )
    yield make.case("two-signatures", double, "exactly one signature")
    for name, text in (
        ("last", PAYLOAD[:-1] + b',"subject":[{"digest":{"sha256":"' + b"cd" * 32 + b'"}}]}'),
        ("first", b'{"subject":[{"digest":{"sha256":"' + b"cd" * 32 + b'"}}],' + PAYLOAD[1:]),
    ):
        yield make.case(f"duplicate-subject-{name}", make.signed(text), "duplicate key")
    failed = compact(statement(kind="https://audit.test/failed-evaluation/v1"))
    yield make.case("another-predicate", make.signed(failed), "of type")
    yield make.case("another-digest", make.other, "not about")
    twice = (
        compact(make.good)[:-1] + b',"dsseEnvelope":' + compact(make.other["dsseEnvelope"]) + b"}"
    )
    yield make.case("duplicate-envelope", twice, "duplicate key")


def _logged(make: Maker) -> Iterator[Case]:
    def with_entry(of: Json) -> Json:
        return make.changed(lambda v: material(v).update(tlogEntries=[entry(of)]))

    yield make.case(
        "no-entry", make.changed(lambda v: material(v).update(tlogEntries=[])), "no log entry"
    )
    yield make.case(
        "entries-missing", make.changed(lambda v: material(v).pop("tlogEntries")), "no log entry"
    )
    twice = make.changed(lambda v: material(v).update(tlogEntries=[entry(v), entry(v)]))
    yield make.case("two-entries", twice, "read at most")
    yield make.case("entry-of-another-signature", with_entry(make.other), "another")
    same = make.signed(signer=make.stack.signer("second key"))
    yield make.case("entry-of-another-key", with_entry(same), "another")
    yield make.case(
        "no-proof", make.changed(lambda v: entry(v).pop("inclusionProof")), "has a proof"
    )
    yield make.case(
        "proof-hash-flipped",
        make.changed(lambda v: proof(v)["hashes"].__setitem__(0, flipped(proof(v)["hashes"][0]))),
        "does not lead",
    )
    yield make.case(
        "proof-too-long",
        make.changed(lambda v: proof(v)["hashes"].append(b64(bytes(32)))),
        "too long",
    )
    yield make.case(
        "proof-too-short", make.changed(lambda v: proof(v)["hashes"].pop()), "too short"
    )
    yield make.case(
        "proof-of-no-hashes",
        make.changed(lambda v: proof(v).update(hashes=["AA=="])),
        "than hashes",
    )
    yield make.case(
        "proof-root-changed",
        make.changed(lambda v: proof(v).update(rootHash=flipped(proof(v)["rootHash"]))),
        "does not lead",
    )
    big = str(10**6)
    yield make.case(
        "index-beyond-the-tree", make.changed(lambda v: proof(v).update(logIndex=big)), "not below"
    )
    yield make.case(
        "negative-index", make.changed(lambda v: proof(v).update(logIndex="-1")), "not a count"
    )
    yield make.case(
        "unknown-log",
        make.changed(lambda v: entry(v)["logId"].update(keyId=b64(bytes(32)))),
        "is not in",
    )
    yield make.case(
        "kind-is-not-the-bodys",
        make.changed(
            lambda v: entry(v).update(
                kindVersion={
                    "kind": "hashedrekord" if make.version == 1 else "dsse",
                    "version": f"0.0.{make.version}",
                }
            )
        ),
        "another kind",
    )
    for kind, at in (
        ("intoto", "0.0.2"),
        ("intoto", "0.0.1"),
        ("rekord", "0.0.1"),
        ("dsse", "0.0.3"),
    ):
        yield make.case(
            f"kind-{kind}-{at}",
            make.changed(
                lambda v, k=kind, a=at: entry(v).update(kindVersion={"kind": k, "version": a})
            ),
            "not read",
        )
    yield from _bodies(make)


def _bodies(make: Maker) -> Iterator[Case]:
    """Give entries that the log really holds, with a body that is not what it must be."""

    def logged(body: Json | bytes) -> Json:
        stack, kind = make.stack, entry(make.good)["kindVersion"]
        if isinstance(body, dict):
            made = stack.entry_v1(body) if make.version == 1 else stack.entry_v2(body)
        elif make.version == 1:
            made = stack.raw_v1(body, (kind["kind"], kind["version"]))
        else:
            made = copy.deepcopy(entry(make.good))
            made["inclusionProof"] = make.log.add(body)
            made["canonicalizedBody"] = b64(body)
            made["logIndex"] = made["inclusionProof"]["logIndex"]
        return make.changed(lambda v: material(v).update(tlogEntries=[made]))

    body = json.loads(base64.b64decode(entry(make.good)["canonicalizedBody"]))
    yield make.case("body-with-more-members", logged(body | {"extra": 1}), "not a known member")
    spec_less = {name: value for name, value in body.items() if name != "spec"}
    yield make.case("body-without-spec", logged(spec_less | {"spec": {}}), "is missing")
    yield make.case("body-not-json", logged(b"not json"), "expecting value")
    yield make.case("body-null-spec", logged(compact(body | {"spec": None})), "not an object")
    empty = copy.deepcopy(body)
    inner = empty["spec"] if make.version == 1 else empty["spec"]["hashedRekordV002"]
    inner["signatures" if make.version == 1 else "signature"] = [] if make.version == 1 else {}
    yield make.case(
        "body-without-signature",
        logged(empty),
        "about 0 signatures" if make.version == 1 else "is missing",
    )
    duplicate = compact(body)[:-1] + b',"kind":"dsse"}'
    yield make.case("body-with-duplicate-member", logged(duplicate), "duplicate key")


def _checkpoints(make: Maker) -> Iterator[Case]:
    note = proof(make.good)["checkpoint"]["envelope"]
    lines = note.split("\n")

    def noted(text: str) -> Json:
        return make.changed(lambda v: proof(v)["checkpoint"].update(envelope=text))

    size = int(lines[1])
    yield make.case(
        "checkpoint-size-edited",
        noted("\n".join([lines[0], str(size + 1), *lines[2:]])),
        "signature is not one of the log",
    )
    foreign = Log(make.log.origin, derived("foreign log"))
    yield make.case(
        "checkpoint-signed-by-another-key",
        noted(
            note.rpartition(" ")[0]
            + " "
            + b64(make.log.log_id[:4] + foreign.sign("\n".join(lines[:3]).encode() + b"\n"))
            + "\n"
        ),
        "signature is not one of the log",
    )
    yield make.case(
        "checkpoint-signer-renamed",
        noted(note.replace("\n\n\u2014 127", "\n\n\u2014 128")),
        "signed 0 times",
    )
    elsewhere = Log(
        "log.example", make.log.key, tiled=make.log.tiled, leaves=make.log.leaves[:size]
    )
    root = base64.b64decode(lines[2])
    yield make.case(
        "checkpoint-of-another-origin", noted(elsewhere.checkpoint(size, root)), "log.example"
    )
    yield make.case(
        "checkpoint-signed-twice",
        noted(note + lines[4] + "\n"),
        "one signature" if make.version == 1 else "signed 2 times",
    )
    yield make.case(
        "checkpoint-with-a-witness",
        noted(note + "\u2014 witness.example " + b64(b"1234" + bytes(64)) + "\n"),
        "has one signature" if make.version == 1 else "",
    )
    many = "".join(f"\u2014 w{at}.example {b64(b'1234' + bytes(64))}\n" for at in range(40))
    yield make.case(
        "checkpoint-with-many-witnesses",
        noted(note + many),
        "one signature" if make.version == 1 else "too many",
    )
    yield make.case(
        "checkpoint-without-signature",
        noted(note.partition("\n\n")[0] + "\n\n"),
        "not a signed note",
    )
    yield make.case("checkpoint-not-a-note", noted("x"), "not a signed note")
    yield make.case(
        "checkpoint-with-junk",
        noted(note + "junk\n"),
        "one signature" if make.version == 1 else "malformed",
    )
    yield make.case(
        "checkpoint-of-another-tree",
        noted(make.log.checkpoint(size, sha256(b"another tree"))),
        "does not lead",
    )
    later = make.log.checkpoint(size + 1, root)
    yield make.case("checkpoint-of-another-size", noted(later), "the checkpoint for")
    yield from _malleable(make)


def _malleable(make: Maker) -> Iterator[Case]:
    """Give a proof whose path fits a larger tree as well."""
    while True:
        value = make.signed()
        index, size = int(proof(value)["logIndex"]), int(proof(value)["treeSize"])
        if size == index + 1 and index & (index - 1) == 0:
            break

    def forge(v: Json) -> None:
        proof(v).update(logIndex=str(2 * index), treeSize=str(2 * index + 1))
        if make.version == 2:
            entry(v).update(logIndex=str(2 * index))

    yield make.case("index-and-size-forged", make.changed(forge, value), "the checkpoint for")


def _timed(make: Maker) -> Iterator[Case]:
    def stamped(*tokens: bytes, of: Json | None = None) -> Json:
        items = [{"signedTimestamp": b64(token)} for token in tokens]
        data = {"rfc3161Timestamps": items}
        return make.changed(lambda v: material(v).update(timestampVerificationData=data), of)

    mine = signature(make.good)
    tsa = make.stack.tsa
    replayed = make.changed(
        lambda v: material(v).update(
            timestampVerificationData=material(make.other)["timestampVerificationData"]
        )
    )
    yield make.case("timestamp-of-another-signature", replayed, "timestamp does not verify")
    again = make.changed(lambda v: stamps(v).append(stamps(v)[0]))
    yield make.case("timestamp-twice", again, "there twice")
    two = stamped(tsa.stamp(mine, NOON), tsa.stamp(mine, NOON, nonce=8))
    yield make.case("timestamp-twice-with-another-nonce", two, "there twice")
    none = make.changed(lambda v: material(v).pop("timestampVerificationData"))
    yield make.case("no-timestamp", none, "" if make.version == 1 else "vouches for the time")
    after = stamped(tsa.stamp(mine, NOON + 11 * MINUTE))
    yield make.case("timestamp-after-the-certificate", after, "not valid at")
    yield make.case(
        "timestamp-before-the-certificate", stamped(tsa.stamp(mine, NOON - MINUTE)), "not valid at"
    )
    future = stamped(tsa.stamp(mine, NOON + timedelta(days=400)))
    yield make.case("timestamp-in-the-future", future, "has not come yet")
    foreign = Stack(seed="foreign").tsa
    yield make.case(
        "timestamp-of-another-authority", stamped(foreign.stamp(mine, NOON)), "does not verify"
    )
    yield make.case("timestamp-not-asn1", stamped(b"junk"), "cannot be read")
    yield make.case("timestamp-truncated", stamped(tsa.stamp(mine, NOON)[:-5]), "cannot be read")
    late = make.signed(signer=make.stack.signer("late", lifetime=MINUTE, start=NOON - 3 * MINUTE))
    yield make.case("signed-after-the-certificate-expired", late, "not valid at")
    thirty_three = [tsa.stamp(mine, NOON, nonce=at + 100) for at in range(33)]
    yield make.case("thirty-three-timestamps", stamped(*thirty_three), "read at most")


def _certificates(make: Maker) -> Iterator[Case]:
    stack = make.stack
    swapped = make.changed(
        lambda v: material(v).update(certificate=material(make.other)["certificate"])
    )
    yield make.case("certificate-of-another-signature", swapped, "not one of the certificate's key")
    plain = make.signed(signer=Signer(make.signer.key))
    yield make.case("plain-key-instead", plain, "an identity was asked for")
    email, uri = x509.RFC822Name, x509.UniformResourceIdentifier
    for name, names, reason in (
        ("identity-of-somebody-else", (email("cd@audit.test"),), "not named here"),
        ("identity-in-other-case", (email("CI@audit.test"),), "not named here"),
        ("identity-with-a-tail", (email("ci@audit.test.evil"),), "not named here"),
        ("identity-with-a-head", (email("evil-ci@audit.test"),), "not named here"),
        ("address-in-a-uri", (uri("ci@audit.test"),), "neither"),
        ("identity-in-a-dns-name", (x509.DNSName("audit.test"),), "neither"),
        ("two-identities", (email("ci@audit.test"), email("cd@audit.test")), "2 identities"),
        ("no-identity", (), "names nobody"),
    ):
        yield make.case(name, make.certified(names=names), reason)
    other = x509.OtherName(x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.7"), b"\x0c\x02ci")
    yield make.case("identity-in-an-other-name", make.certified(names=(other,)), "neither")
    evil = "https://issuer.example"
    for name, wanted, reason in (
        ("issuer-of-somebody-else", {"issuer_v1": evil, "issuer_v2": evil}, "not named here"),
        ("issuers-that-differ", {"issuer_v1": evil}, "differ"),
        ("issuers-that-differ-2", {"issuer_v2": evil}, "differ"),
        ("no-issuer", {"issuer_v1": None, "issuer_v2": None}, "who vouches"),
        ("issuer-in-the-new-place-only", {"issuer_v1": None}, ""),
        ("issuer-in-the-old-place-only", {"issuer_v2": None}, ""),
        ("not-for-code", {"purposes": (ExtendedKeyUsageOID.CLIENT_AUTH,)}, "code signing alone"),
        ("no-purpose", {"purposes": ()}, "what its key is for"),
        ("signs-certificates", {"signs_certificates": True}, "digital signatures alone"),
        ("no-sct", {"sct_by": ()}, "carries no timestamp"),
        ("sct-of-an-unknown-log", {"sct_by": (derived("foreign ct"),)}, "recorded the certificate"),
        (
            "two-scts-of-one-log",
            {"sct_by": (stack.fulcio.ct_key,) * 2},
            "2 log timestamps",
        ),
        (
            "an-unknown-sct-beside-a-good-one",
            {"sct_by": (derived("foreign ct"), stack.fulcio.ct_key)},
            "2 log timestamps",
        ),
    ):
        yield make.case(name, make.certified(**wanted), reason)
    foreign = Stack(seed="foreign").fulcio
    key = derived("foreign signer")
    certificate = foreign.issue(key.public_key(), stack.wanted(sct_by=(stack.fulcio.ct_key,)))
    yield make.case(
        "certificate-of-another-authority", make.signed(signer=Signer(key, certificate)), "no path"
    )
    junk = make.changed(lambda v: material(v)["certificate"].update(rawBytes=b64(b"0\x03abc")))
    yield make.case("certificate-not-asn1", junk, "cannot be read")
    tail = make.changed(
        lambda v: material(v)["certificate"].update(
            rawBytes=b64(der(make.signer.certificate) + b"\0")  # type: ignore[arg-type]
        )
    )
    yield make.case("certificate-with-a-tail", tail, "cannot be read")


def _roots(make: Maker) -> Iterator[Case]:
    ended = {"start": "2020-01-01T00:00:00Z", "end": "2021-01-01T00:00:00Z"}
    other = b64(spki(derived("other").public_key()))

    def all_logs(name: str, change: Callable[[Json], object]) -> Json:
        return make.root(lambda v: [change(log["publicKey"]) for log in v[name]])

    for name, root, reason in (
        (
            "root-authority-ended",
            make.root(lambda v: v["certificateAuthorities"][0].update(validFor=ended)),
            "did not count then",
        ),
        (
            "root-log-ended",
            all_logs("tlogs", lambda k: k.update(validFor=ended)),
            "did not count at",
        ),
        (
            "root-ct-log-ended",
            all_logs("ctlogs", lambda k: k.update(validFor=ended)),
            "did not count at",
        ),
        (
            "root-timestamps-ended",
            make.root(lambda v: v["timestampAuthorities"][0].update(validFor=ended)),
            "did not count at",
        ),
        (
            "root-without-authorities",
            make.root(lambda v: v.update(certificateAuthorities=[])),
            "no path",
        ),
        ("root-without-logs", make.root(lambda v: v.update(tlogs=[])), "is not in"),
        (
            "root-without-ct-logs",
            make.root(lambda v: v.update(ctlogs=[])),
            "recorded the certificate",
        ),
        (
            "root-without-timestamps",
            make.root(lambda v: v.update(timestampAuthorities=[])),
            "no timestamp authority",
        ),
        (
            "root-other-ct-key",
            all_logs("ctlogs", lambda k: k.update(rawBytes=other)),
            "not signed by",
        ),
        (
            "root-other-log-key",
            make.root(lambda v: v["tlogs"][make.version - 1]["publicKey"].update(rawBytes=other)),
            "not",
        ),
        ("root-of-somebody-else", Stack(seed="foreign").trusted_root(), "is not in"),
        (
            "root-log-elsewhere",
            make.root(lambda v: [t.update(baseUrl="https://log.example") for t in v["tlogs"]]),
            "not of log.example",
        ),
    ):
        yield make.case(name, make.good, reason, root)
    at_noon = {"start": seconds(NOON), "end": seconds(NOON)}
    ends = make.root(
        lambda v: (
            [one.update(validFor=at_noon) for one in v["certificateAuthorities"]],
            [one.update(validFor=at_noon) for one in v["timestampAuthorities"]],
            [log["publicKey"].update(validFor=at_noon) for log in v["tlogs"] + v["ctlogs"]],
        )
    )
    yield make.case("root-windows-hold-their-ends", make.good, "", ends)


def _only_v1(make: Maker) -> Iterator[Case]:
    later = make.changed(lambda v: entry(v).update(integratedTime=str(int(NOON.timestamp()) + 5)))
    yield make.case("integrated-time-edited", later, "not signed by the log")
    index = make.changed(lambda v: entry(v).update(logIndex=str(int(entry(v)["logIndex"]) + 1)))
    yield make.case("index-edited", index, "not signed by the log")

    def unpromised(v: Json) -> None:
        entry(v).pop("inclusionPromise")
        material(v).pop("timestampVerificationData")

    yield make.case("time-nobody-signed", make.changed(unpromised), "did not promise")
    without = make.changed(lambda v: entry(v).pop("inclusionPromise"))
    yield make.case("no-promise-but-a-timestamp", without, "did not promise")
    body = base64.b64decode(entry(make.good)["canonicalizedBody"])
    lower = make.stack.raw_v1(body, ("dsse", "0.0.1"), index=0)
    below = make.changed(lambda v: material(v).update(tlogEntries=[lower]))
    yield make.case("index-below-its-tree", below, "below the one in its tree")
    future = make.signed(
        when=NOON + timedelta(days=400),
        signer=make.stack.signer("f", start=NOON + timedelta(days=400)),
    )
    yield make.case("all-times-in-the-future", future, "has not come yet")
    v01 = make.changed(_as_version("0.1"))
    yield make.case("bundle-v0.1", v01)
    yield make.case("bundle-v0.2", make.changed(_as_version("0.2")))
    yield make.case(
        "bundle-v0.1-without-promise",
        make.changed(lambda v: entry(v).pop("inclusionPromise"), v01),
        "has a promise",
    )
    only = make.changed(lambda v: entry(v).pop("inclusionProof"), v01)
    yield make.case("bundle-v0.1-promise-alone", only, "has a proof")
    yield make.case(
        "bundle-v0.3-in-the-old-spelling",
        make.changed(
            lambda v: v.update(mediaType="application/vnd.dev.sigstore.bundle+json;version=0.3")
        ),
    )
    yield make.case(
        "bundle-v0.3-with-a-chain",
        make.changed(
            lambda v: v.update(mediaType="application/vnd.dev.sigstore.bundle.v0.3+json"), v01
        ),
        "has no x509CertificateChain",
    )
    foreign = Stack(seed="foreign").fulcio
    key = derived("chain signer")
    certificate = foreign.issue(key.public_key(), make.stack.wanted())
    chained = make.changed(
        _as_version("0.2", foreign.chain), make.signed(signer=Signer(key, certificate))
    )
    yield make.case("bundle-that-brings-its-own-chain", chained, "no path")


def _as_version(version: str, chain: tuple[x509.Certificate, ...] = ()) -> Callable[[Json], None]:
    def change(v: Json) -> None:
        v["mediaType"] = f"application/vnd.dev.sigstore.bundle+json;version={version}"
        leaf = material(v).pop("certificate")
        rest = [{"rawBytes": b64(der(one))} for one in chain]
        material(v)["x509CertificateChain"] = {"certificates": [leaf, *rest]}

    return change


def _only_v2(make: Maker) -> Iterator[Case]:
    index = make.changed(lambda v: entry(v).update(logIndex=str(int(entry(v)["logIndex"]) + 1)))
    yield make.case("two-indexes", index, "two indexes")
    timed = make.changed(lambda v: entry(v).update(integratedTime=str(int(NOON.timestamp()))))
    yield make.case("time-in-a-tiled-log", timed, "no promise or time")
    promised = make.changed(
        lambda v: entry(v).update(inclusionPromise={"signedEntryTimestamp": b64(b"x")})
    )
    yield make.case("promise-in-a-tiled-log", promised, "no promise or time")
    made = make.stack.entry_v2(make.stack.body_dsse_v2(PAYLOAD, signature(make.good), make.signer))
    yield make.case("dsse-entry", make.changed(lambda v: material(v).update(tlogEntries=[made])))
    zeros = make.changed(lambda v: entry(v).update(integratedTime="0"))
    yield make.case("zero-time-written-out", zeros)
    first = Stack(padding=0)
    signer = first.signer()
    yield make.case(
        "first-entry-of-a-log",
        _without_zeros(first.statement_bundle(PAYLOAD, 2, signer=signer)),
        "",
        first.trusted_root(),
    )


def _without_zeros(value: Json) -> Json:
    """Leave out what protobuf JSON leaves out: zero counts and empty lists."""
    entry(value).pop("logIndex")
    proof(value).pop("logIndex")
    proof(value).pop("hashes")
    return value


def main() -> None:
    VECTORS.mkdir(parents=True, exist_ok=True)
    for old in VECTORS.glob("*.json"):
        old.unlink()
    root = json.dumps(Stack().trusted_root(), indent=1)
    (VECTORS / "root.json").write_text(root + "\n")
    for case in cases():
        outcome = "reject" if case.reason else "accept"
        vector: Json = {"reason": case.reason, "bundle": b64(case.bundle)}
        if case.root is not None:
            vector["root"] = case.root
        path = VECTORS / f"{case.name}.{outcome}.json"
        path.write_text(json.dumps(vector, indent=1) + "\n")


if __name__ == "__main__":
    main()
