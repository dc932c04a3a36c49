"""The desk: issues receipts, puts them on the shelf, and records them in the ledger.

Shelf and ledger are used from one thread of their own, in this order:

    begin    response.begun in the ledger, before the engine is asked
    served   the receipt on the shelf, then response.served in the ledger
    failed   response.failed in the ledger

Trust: the desk says what it sent. What it does not send it does not know of;
the ledger shows a response that began and never ended.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

from audit.documents import Coverage, Event, Sampling
from audit.ledger import Ledger
from audit.watermark import (
    ReceiptShelf,
    begun_event,
    failed_event,
    served_event,
)
from audit.watermark.issue import Issued, Issuer, Issuers, Served, Ticket
from audit.watermark.mark import Choice, MarkedSampler

T = TypeVar("T")
KEY = "audit.receipt"
"""Where an engine finds the slip: `scope["extensions"][KEY]`."""
_ANY = Sampling(temperature="1", top_p="1", top_k=0)


@dataclass(slots=True)
class Slip:
    """What the stages of one exchange write down for its receipt.

    An engine that marks fills in `choices` and `tokens` and sets `coverage` to
    None or GREEDY; one that knows nothing of marks leaves it at BLACKBOX.
    """

    ticket: Ticket
    issuer: Issuer
    coverage: Coverage | None = Coverage.BLACKBOX
    sampling: Sampling = _ANY
    is_greedy: bool = False
    choices: tuple[Choice, ...] = ()
    tokens: int | None = None
    request: bytes = field(default=b"", repr=False)
    """The redacted request, committed to and then forgotten."""
    overridden: tuple[str, ...] = ()

    def sampler(self) -> MarkedSampler:
        """Return the sampler that writes this response."""
        return self.issuer.sampler(self.ticket)


class ReceiptDesk:
    """Issues the receipts of one release. Close it after the last response."""

    def __init__(
        self, issuers: Issuers, *, shelf: Callable[[], ReceiptShelf], ledger: Callable[[], Ledger]
    ) -> None:
        """Open shelf and ledger, in the thread that will use them.

        Raises:
            ConfigError, StorageFailed, LedgerUnavailable: they cannot be opened.
        """
        self._issuers = issuers
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="receipts")
        try:
            self._shelf = self._thread.submit(shelf).result()
            self._ledger = self._thread.submit(ledger).result()
        except BaseException:
            self._thread.shutdown()
            raise

    async def begin(self) -> Slip:
        """Record that a response begins, and return its slip.

        Raises:
            LedgerUnavailable, StorageFailed: it cannot be recorded; the engine must not be asked.
        """
        return await self._run(self._begin)

    async def served(self, slip: Slip, text: str, labels: tuple[str, ...]) -> Issued:
        """Sign and record the receipt of a text that is about to end.

        Raises:
            StorageFailed, LedgerUnavailable: it cannot be recorded.
            EngineUnavailable: the tokenizer cannot be asked.
        """
        return await self._run(lambda: self._issue(slip, text, labels))

    async def failed(self, slip: Slip, reason: str) -> None:
        """Record that a response was not served whole.

        Raises:
            LedgerUnavailable: it cannot be recorded.
        """
        line = slip.issuer.line
        event = failed_event(
            slip.ticket.receipt_id, reason, model_id=line.model_id, model_digest=line.model_digest
        )
        await self._run(lambda: self._ledger.append(event))

    def close(self) -> None:
        """Wait for what is being recorded, and let go of shelf and ledger."""
        self._thread.submit(self._shelf.close)
        self._thread.submit(self._ledger.close)
        self._thread.shutdown()

    def _begin(self) -> Slip:
        issuer = self._issuers()
        ticket, line = issuer.begin(), issuer.line
        event = begun_event(
            ticket.receipt_id, ticket.ts_ns, model_id=line.model_id, model_digest=line.model_digest
        )
        self._ledger.append(event)
        return Slip(ticket, issuer)

    def _issue(self, slip: Slip, text: str, labels: tuple[str, ...]) -> Issued:
        tokens = slip.tokens
        if tokens is None:
            tokens = len(slip.issuer.tokenizer.encode(text))
        issued = slip.issuer.finish(
            slip.ticket,
            Served(
                text=text,
                tokens=tokens,
                sampling=slip.sampling,
                coverage=slip.coverage,
                choices=slip.choices,
                redacted_request=slip.request,
                labels=labels,
                overridden=slip.overridden,
            ),
        )
        self._shelf.add(issued.record, lookup=issued.lookup)
        event: Event = served_event(issued.receipt)
        self._ledger.append(event)
        return issued

    async def _run(self, work: Callable[[], T]) -> T:
        """Do work in the desk's thread, to its end even when whoever waits for it is cancelled."""
        done = asyncio.get_running_loop().run_in_executor(self._thread, work)
        try:
            return await asyncio.shield(done)
        except asyncio.CancelledError:
            await asyncio.wait({done})
            raise
