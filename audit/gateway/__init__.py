"""Redaction between clients and a model server, as pure ASGI.

`RedactionMiddleware(app)` is configured by the file that `AUDIT_REDACTION` names.
"""

from audit.gateway._asgi import App
from audit.gateway._config import GatewayConfig, load
from audit.gateway._coverage import ledger_record, redaction_event
from audit.gateway._doctor import examine
from audit.gateway._events import EventRedactor
from audit.gateway._middleware import RedactionMiddleware
from audit.gateway._service import RedactionService, serve
from audit.gateway._sse import SseEvent, SseParser
from audit.gateway._tally import Tally
from audit.gateway._upstream import Upstream

__all__ = [
    "App",
    "EventRedactor",
    "GatewayConfig",
    "RedactionMiddleware",
    "RedactionService",
    "SseEvent",
    "SseParser",
    "Tally",
    "Upstream",
    "examine",
    "ledger_record",
    "load",
    "redaction_event",
    "serve",
]
