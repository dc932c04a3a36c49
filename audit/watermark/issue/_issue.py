"""Issuing a receipt: what is fixed before a response is generated, and what is signed after.

    begin   receipt id and time, and from them the tag the mark will carry
    finish  on the text as delivered: self-check, sketch, fingerprint, coverage, signature

The self-check reads the delivered text, after redaction and labels, with the
tokenizer a detector would use. The receipt so never claims more than a
detector can find.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field

import numpy as np

from audit.core.canonical import canonical_bytes
from audit.core.clock import Clock, now_ns
from audit.documents import (
    Coverage,
    Mark,
    Receipt,
    ReceiptRecord,
    RegisteredKey,
    Sampling,
    Scheme,
    SelfCheck,
)
from audit.watermark._ids import Entropy, new_receipt_id
from audit.watermark._keys import EpochKeys, engine_key, receipt_key, salt_for, tag_for, text_lookup
from audit.watermark._receipts import ReceiptSigner, commit_text, sign_receipt
from audit.watermark._text import canonical_text
from audit.watermark._wording import fingerprint, pack_fingerprint
from audit.watermark.examine import Tokenizer, log10_text
from audit.watermark.examine._tokenizer import encode
from audit.watermark.mark import (
    MIN_CONTEXTS,
    PRESENT,
    Choice,
    MarkedSampler,
    Sketch,
    Streams,
    draw_sketch,
    follow,
    log10_designated,
    weigh,
)
from audit.watermark.native import native_presence


@dataclass(frozen=True, slots=True)
class Ticket:
    """What is fixed about a response before its first token."""

    receipt_id: str
    ts_ns: int
    tag: bytes
    request_key: int = field(repr=False)
    """For an engine that keys each request by itself."""


@dataclass(frozen=True, slots=True)
class Served:
    """What became of a response."""

    text: str
    """As delivered, redacted; labels may be in it."""
    tokens: int
    sampling: Sampling
    coverage: Coverage | None = None
    """`GREEDY` or `BLACKBOX` when there is no mark; None: the self-check decides."""
    choices: tuple[Choice, ...] = ()
    redacted_request: bytes = field(default=b"", repr=False)
    """The request after redaction; only a salted commitment to it is kept."""
    labels: tuple[str, ...] = ()
    overridden: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Issued:
    """A receipt with what lies beside it, and the key it is filed under."""

    record: ReceiptRecord
    lookup: bytes

    @property
    def receipt(self) -> Receipt:
        """The receipt itself."""
        return self.record.signed.receipt


@dataclass(frozen=True, slots=True)
class Issuer:
    """Issues the receipts of one release under its current key."""

    line: RegisteredKey
    keys: EpochKeys
    signer: ReceiptSigner
    tokenizer: Tokenizer
    engine: str
    clock: Clock = now_ns
    entropy: Entropy = secrets.token_bytes

    def begin(self) -> Ticket:
        """Return the ticket of a new response."""
        ts_ns = self.clock()
        receipt_id = new_receipt_id(ts_ns, entropy=self.entropy)
        tag = tag_for(self.keys, receipt_id, ts_ns, symbols=self.line.profile.symbols)
        return Ticket(receipt_id, ts_ns, tag, receipt_key(self.keys, receipt_id))

    def sampler(self, ticket: Ticket) -> MarkedSampler:
        """Return the sampler that writes this response."""
        return MarkedSampler(
            self._streams, ticket.tag, np.random.default_rng(list(self.entropy(16)))
        )

    def finish(self, ticket: Ticket, served: Served) -> Issued:
        """Return the signed receipt of a response that is about to leave."""
        marked = served.coverage not in {Coverage.GREEDY, Coverage.BLACKBOX}
        sketch = self._sketch(served) if marked else None
        mark = self._mark(ticket, served, sketch) if marked else None
        salt = salt_for(self.keys, ticket.receipt_id)
        commitment = commit_text(served.text, salt)
        wording = pack_fingerprint(fingerprint(served.text, self.keys.fingerprint))
        receipt = Receipt(
            receipt_id=ticket.receipt_id,
            ts_ns=ticket.ts_ns,
            model_id=self.line.model_id,
            model_digest=self.line.model_digest,
            engine=self.engine,
            sampling=served.sampling,
            tokens=served.tokens,
            coverage=_coverage(mark) if mark else served.coverage or Coverage.BLACKBOX,
            mark=mark,
            text_commitment=commitment,
            redacted_log=redacted_log(served.redacted_request, commitment, salt),
            fingerprint=_sha256(wording),
            labels=served.labels,
            overridden=served.overridden,
        )
        record = ReceiptRecord(
            signed=sign_receipt(receipt, self.signer),
            salt=salt.hex(),
            sketch=None if sketch is None else sketch.pack().hex(),
            fingerprint=wording.hex(),
        )
        return Issued(record, text_lookup(self.keys, canonical_text(served.text)))

    @property
    def _streams(self) -> Streams:
        return Streams(self.line.profile, self.keys.pilot, self.keys.payload)

    def _sketch(self, served: Served) -> Sketch | None:
        if self.line.profile.scheme is not Scheme.AUDIT_G1 or not served.choices:
            return None  # an engine elsewhere keeps its choices to itself
        width = self.line.profile.context
        return draw_sketch(served.choices, context=width, key=self.keys.sketch)

    def _mark(self, ticket: Ticket, served: Served, sketch: Sketch | None) -> Mark:
        entropies = [choice.entropy for choice in served.choices]
        mean = round(1000 * float(np.mean(entropies))) if entropies else None
        check = self._self_check(ticket, served, sketch)
        return Mark(
            key_id=self.line.key_id,
            profile=self.line.profile,
            tag=ticket.tag.hex() or "00",
            contexts=sum(choice.keyed for choice in served.choices) or check.contexts,
            entropy_millibits=mean,
            self_check=check,
            sketch=None if sketch is None else _sha256(sketch.pack()),
        )

    def _self_check(self, ticket: Ticket, served: Served, sketch: Sketch | None) -> SelfCheck:
        tokens = encode(self.tokenizer, served.text)
        if self.line.profile.scheme is Scheme.AUDIT_G1:
            trail = follow(tokens, self._streams)
            if sketch is None:
                log10_p = log10_designated(trail, ticket.tag)
            else:
                log10_p = weigh(trail, sketch, key=self.keys.sketch).log10_presence(ticket.tag)
            return SelfCheck(log10_p=log10_text(log10_p), contexts=len(trail))
        per_request = self.line.profile.scheme is Scheme.SGLANG_GUMBEL
        key = ticket.request_key if per_request else engine_key(self.keys)
        found = native_presence(tokens, self.line.profile, key)
        log10_p = found.family(found.tests)
        return SelfCheck(log10_p=log10_text(log10_p), contexts=found.contexts)


def redacted_log(request: bytes, text_commitment: str, salt: bytes) -> str | None:
    """Return the digest of an exchange's log record after redaction; None without a request.

    Both halves are commitments under the receipt's salt, so nobody can test a
    guess of either against the ledger.
    """
    if not request:
        return None
    record = {
        "domain": "lastmile-audit/redacted-log/v1",
        "request": hmac.digest(salt, request, "sha256").hex(),
        "response": text_commitment,
    }
    return _sha256(canonical_bytes(record))


def _coverage(mark: Mark) -> Coverage:
    if mark.self_check.contexts < 2 * MIN_CONTEXTS:
        return Coverage.SHORT
    if float(mark.self_check.log10_p) > PRESENT:
        return Coverage.LOW_ENTROPY
    return Coverage.MARKED


def _sha256(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()
