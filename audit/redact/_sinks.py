"""Redaction where programs log: the standard library, structlog, OpenTelemetry.

A filter on a logger is not asked about records of its children, and one on a
handler does not see exception texts. So here the record is made clean, as a copy,
before a handler gets it: message, arguments, exception, stack and extra fields.
"""

import copy
import logging
from collections.abc import Mapping, MutableMapping
from typing import Any

from typing_extensions import override

from audit.core.errors import RedactionFailed
from audit.redact._leaves import is_machine_value
from audit.redact._redactor import Redactor, default
from audit.redact._replace import WHOLE
from audit.redact._structured import redact_json

_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}
_PLAIN = logging.Formatter()
_DEEPEST = 16


def clean(value: Any, redactor: Redactor, key: str = "", depth: int = 0) -> Any:
    """Return a value with every text in it redacted; what is no plain data becomes text first."""
    if value is None or isinstance(value, bool | float):
        return value
    if depth > _DEEPEST:
        return WHOLE
    if isinstance(value, int):
        return (
            value
            if _text(str(value), redactor, key) == str(value)
            else _text(str(value), redactor, key)
        )
    if isinstance(value, Mapping):
        return {
            _text(str(k), redactor): clean(v, redactor, str(k), depth + 1) for k, v in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [clean(item, redactor, key, depth + 1) for item in value]
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    return _text(str(value), redactor, key)


def _text(text: str, redactor: Redactor, key: str = "") -> str:
    """Return a text redacted; nothing of it when that fails, whatever the settings say."""
    if is_machine_value(key, text):
        return text
    try:
        result = redact_json(redactor, text) if text[:1] in ("{", "[") else None
        if result is None and key:
            laid_out = redactor.redact(f"{key}\x1f{text}")
            return text if laid_out.is_clean else laid_out.text.partition("\x1f")[2] or WHOLE
        return (result or redactor.redact(text)).text
    except RedactionFailed:
        return WHOLE


class RedactingFormatter(logging.Formatter):
    """Formats with another formatter and redacts what it wrote, exception texts included."""

    def __init__(
        self, inner: logging.Formatter | None = None, redactor: Redactor | None = None
    ) -> None:
        super().__init__()
        self._inner = inner or _PLAIN
        self._redactor = redactor or default()

    @override
    def format(self, record: logging.LogRecord) -> str:
        """Return the line, redacted; nothing of it when it cannot be formatted."""
        try:
            return _text(self._inner.format(record), self._redactor)
        except Exception:  # noqa: BLE001  logging would print the record with its arguments
            return WHOLE


class RedactingHandler(logging.Handler):
    """Gives another handler clean copies of records, whatever that handler does with them."""

    def __init__(self, inner: logging.Handler, redactor: Redactor | None = None) -> None:
        super().__init__(inner.level)
        self._inner = inner
        self._redactor = redactor or default()

    @override
    def emit(self, record: logging.LogRecord) -> None:
        """Pass a clean copy on; of a record that cannot be cleaned only where it came from."""
        try:
            out = self.cleaned(record)
        except Exception:  # noqa: BLE001  logging would print the record with its arguments
            where = (record.name, record.levelno, record.pathname, record.lineno)
            out = logging.LogRecord(*where, WHOLE, None, None)
        self._inner.handle(out)

    def cleaned(self, record: logging.LogRecord) -> logging.LogRecord:
        """Return a copy of a record with no personal data in it."""
        out = copy.copy(record)
        out.msg, out.args = _text(record.getMessage(), self._redactor), None
        if record.exc_info:
            out.exc_text = _PLAIN.formatException(record.exc_info)
        out.exc_info = None
        out.exc_text = _text(out.exc_text, self._redactor) if out.exc_text else None
        out.stack_info = _text(record.stack_info, self._redactor) if record.stack_info else None
        for name, value in vars(record).items():
            if name not in _OWN:
                setattr(out, name, clean(value, self._redactor, name))
        return out


class StructlogProcessor:
    """A structlog processor; put it last before the renderer."""

    def __init__(self, redactor: Redactor | None = None) -> None:
        self._redactor = redactor or default()

    def __call__(self, _: object, name: str, event: MutableMapping[str, Any]) -> dict[str, Any]:
        """Return the event with every text in it redacted; nothing of it when that fails."""
        try:
            info = event.pop("exc_info", None)
            if info:
                event["exception"] = _exception(info)
            return {key: clean(value, self._redactor, key) for key, value in event.items()}
        except Exception:  # noqa: BLE001  a failed processor must not pass the event on
            return {"event": WHOLE, "level": name}


def _exception(info: Any) -> str:
    import sys

    if isinstance(info, BaseException):
        info = (type(info), info, info.__traceback__)
    elif not isinstance(info, tuple):
        info = sys.exc_info()
    return _PLAIN.formatException(info)


class OtelLogProcessor:
    """An OpenTelemetry log record processor; add it before the one that exports."""

    def __init__(self, redactor: Redactor | None = None) -> None:
        self._redactor = redactor or default()

    def on_emit(self, log_record: Any) -> None:
        """Redact body and attributes of a record, the exception's among them."""
        record = getattr(log_record, "log_record", log_record)
        try:
            body = clean(record.body, self._redactor)
            attributes = {
                k: clean(v, self._redactor, k) for k, v in (record.attributes or {}).items()
            }
        except Exception:  # noqa: BLE001  the SDK would go on to the exporter
            body, attributes = WHOLE, {}
        record.body, record.attributes = body, attributes

    def shutdown(self) -> None:
        """Nothing is held."""

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Nothing is held."""
        return timeout_millis >= 0
