"""Logging, structlog and OpenTelemetry: bodies, arguments, exceptions, extra fields."""

import io
import logging
from typing import Any

import pytest
import structlog
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor

from audit.redact import OtelLogProcessor, RedactingFormatter, RedactingHandler, StructlogProcessor

NUMBER = "13812345678"


class Keeping(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


class Unprintable:
    def __str__(self) -> str:
        raise RuntimeError(NUMBER)


@pytest.fixture
def child() -> logging.Logger:
    logger = logging.getLogger("shop.orders.child")
    logger.handlers, logger.propagate = [], False
    return logger


def boom() -> None:
    raise ValueError(f"no customer {NUMBER}")


def test_formatter_redacts_messages_arguments_and_exceptions(child: logging.Logger) -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(RedactingFormatter(logging.Formatter("%(message)s")))
    child.addHandler(handler)
    try:
        boom()
    except ValueError:
        child.exception("order of %s", NUMBER)
    assert NUMBER not in stream.getvalue()
    assert "order of ***PHONE***" in stream.getvalue()
    assert "ValueError: no customer ***PHONE***" in stream.getvalue()


def test_handler_gives_clean_copies_and_leaves_the_record_alone(child: logging.Logger) -> None:
    kept, seen = Keeping(), Keeping()
    child.addHandler(RedactingHandler(kept))
    child.addHandler(seen)
    try:
        boom()
    except ValueError:
        child.exception(
            "order", extra={"customer": {"phone": NUMBER, "ids": [13812345678]}}, stack_info=True
        )
    (record,) = kept.records
    assert NUMBER not in repr(vars(record))
    assert "***PHONE***" in str(record.exc_text)
    assert seen.records[0].exc_info is not None


def test_a_record_that_cannot_be_formatted_shows_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    stream, kept = io.StringIO(), Keeping()
    formatting = logging.StreamHandler(stream)
    formatting.setFormatter(RedactingFormatter())
    for record in (
        logging.makeLogRecord({"msg": "too few %s %s", "args": (NUMBER,)}),
        logging.makeLogRecord({"msg": "x", "thing": Unprintable()}),
    ):
        formatting.handle(record)
        RedactingHandler(kept).handle(record)
    text = stream.getvalue() + capsys.readouterr().err + repr([vars(r) for r in kept.records])
    assert NUMBER not in text
    assert len(kept.records) == 2


def test_structlog_events_are_redacted_with_their_exceptions() -> None:
    out: list[Any] = []
    processors = [
        StructlogProcessor(),
        lambda _logger, _name, event: out.append(event) or str(event),
    ]
    logger = structlog.wrap_logger(structlog.PrintLogger(io.StringIO()), processors=processors)
    try:
        boom()
    except ValueError:
        logger.exception("order", phone=NUMBER, nested={"a": [NUMBER]})
    assert NUMBER not in repr(out)
    assert "ValueError" in out[0]["exception"]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_otel_records_are_redacted_before_export() -> None:
    provider, exporter = LoggerProvider(), InMemoryLogRecordExporter()
    provider.add_log_record_processor(OtelLogProcessor())
    provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))
    attributes = {
        "exception.message": f"no {NUMBER}",
        "exception.stacktrace": NUMBER,
        "user.phone": NUMBER,
    }
    provider.get_logger("shop").emit(body=f"call {NUMBER}", attributes=attributes)
    (data,) = exporter.get_finished_logs()
    assert NUMBER not in repr(data.log_record.body) + repr(dict(data.log_record.attributes or {}))
    assert data.log_record.body == "call ***PHONE***"
