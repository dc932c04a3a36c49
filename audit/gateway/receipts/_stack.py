"""The stages put together, in the one order that keeps their promises."""

from audit.documents import Scheme
from audit.gateway._asgi import App
from audit.gateway._config import GatewayConfig
from audit.gateway._middleware import RedactionMiddleware
from audit.gateway.receipts._desk import ReceiptDesk
from audit.gateway.receipts._inside import Screen
from audit.gateway.receipts._middleware import ReceiptMiddleware
from audit.gateway.receipts._policy import ReceiptPolicy


def with_receipts(
    engine: App,
    desk: ReceiptDesk,
    *,
    policy: ReceiptPolicy,
    redaction: GatewayConfig,
    marks: Scheme | None = None,
) -> App:
    """Return the engine behind screening, redaction and receipts.

    `marks` names the mark the engine makes by itself; leave it out for an engine
    that fills in the slip, and for one that gives no hand in sampling.
    """
    screened = Screen(engine, policy, marks)
    redacted = RedactionMiddleware(screened, redaction)
    return ReceiptMiddleware(redacted, desk, policy, quiet=redaction.pass_paths)
