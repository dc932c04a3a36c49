"""Where a metadata label is put: front matter of a text, a JSON object, an HTML page.

A label is inserted, and nothing else in the file changes by a byte. A file that
has a label already is refused, since two labels say two things.
"""

import html
import json
import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from html.parser import HTMLParser
from typing import Any

from pydantic import ValidationError
from typing_extensions import override

from audit.core import strict_json, strict_yaml
from audit.core.errors import ConfigError, UsageError
from audit.documents import AigcLabel, first_problem

KEY = "AIGC"
_FENCE = re.compile(r"\A---[ \t]*\r?\n(.*?)^---[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE)
_UNQUOTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")
_HEAD = re.compile(r"<head(?:\s[^>]*)?>", re.IGNORECASE)


class Carrier(StrEnum):
    """The kinds of file that can hold a label."""

    TEXT = "text"
    """Markdown or plain text, in YAML front matter."""
    JSON = "json"
    HTML = "html"


def carrier_of(name: str) -> Carrier:
    """Return the carrier a file name asks for."""
    ending = name.lower().rpartition(".")[2]
    return {"json": Carrier.JSON, "html": Carrier.HTML, "htm": Carrier.HTML}.get(
        ending, Carrier.TEXT
    )


def add_label(text: str, label: AigcLabel, carrier: Carrier, *, source: str) -> str:
    """Return the file's text with the label in it.

    Raises:
        UsageError: it has a label already, or no place for one.
        ConfigError: it is not well-formed enough to tell.
    """
    if find_label(text, carrier, source=source) is not None:
        raise UsageError(f"{source}: has a label already", hint="audit watermark label read FILE")
    return _WRITERS[carrier](text, _fields(label), source)


def find_label(text: str, carrier: Carrier, *, source: str) -> AigcLabel | None:
    """Return the label in a file's text, if there is one.

    Raises:
        ConfigError: there is something under the label's key that is no label, or two of them.
    """
    value = _READERS[carrier](text, source)
    if value is None:
        return None
    try:
        return AigcLabel.model_validate(value, by_alias=True, by_name=False)
    except ValidationError as exc:
        raise ConfigError(f"{source}: {KEY}: {first_problem(exc)}") from exc


def without_front_matter(text: str) -> str:
    """Return a text without the front matter that holds a label; other front matter stays."""
    match = _FENCE.match(text)
    if match is None or not re.search(rf"^{KEY}:", match.group(1), re.MULTILINE):
        return text
    return text[match.end() :]


def _fields(label: AigcLabel) -> dict[str, str]:
    return {str(name): str(value) for name, value in label.model_dump(by_alias=True).items()}


def _write_text(text: str, fields: Mapping[str, str], _source: str) -> str:
    lines = "".join(f"  {name}: {_quoted(value)}\n" for name, value in fields.items())
    if (match := _FENCE.match(text)) is None:
        return f"---\n{KEY}:\n{lines}---\n{text}"
    at = match.start(1)
    return f"{text[:at]}{KEY}:\n{lines}{text[at:]}"


def _quoted(value: str) -> str:
    """Return a text in quotes that YAML reads as it was.

    JSON leaves characters as they are that YAML takes for line ends or refuses.
    """
    plain = json.dumps(value, ensure_ascii=False)
    return _UNQUOTABLE.sub(lambda found: f"\\u{ord(found.group()):04x}", plain)


def _read_text(text: str, source: str) -> Any:
    match = _FENCE.match(text)
    if match is None or not match.group(1).strip():
        return None
    value = strict_yaml.loads(match.group(1).encode(), source=source).value
    return value.get(KEY) if isinstance(value, dict) else None


def _write_json(text: str, fields: Mapping[str, str], source: str) -> str:
    value = _json_object(text, source)
    at = text.index("{") + 1
    entry = json.dumps({KEY: dict(fields)}, ensure_ascii=False)[1:-1]
    return f"{text[:at]}{entry}{', ' if value else ''}{text[at:]}"


def _read_json(text: str, source: str) -> Any:
    return _json_object(text, source).get(KEY)


def _json_object(text: str, source: str) -> dict[str, Any]:
    value = strict_json.loads(text.encode(), source=source)
    if not isinstance(value, dict):
        raise UsageError(f"{source}: a label needs a JSON object at the top")
    return value


def _write_html(text: str, fields: Mapping[str, str], source: str) -> str:
    match = _HEAD.search(text)
    if match is None:
        raise UsageError(f"{source}: a label needs a <head>")
    content = html.escape(json.dumps(dict(fields), ensure_ascii=False))
    return f'{text[: match.end()]}<meta name="{KEY}" content="{content}">{text[match.end() :]}'


def _read_html(text: str, source: str) -> Any:
    reader = _MetaReader()
    reader.feed(text)
    if len(reader.found) > 1:
        raise ConfigError(f"{source}: {len(reader.found)} labels, which may say different things")
    return strict_json.loads(reader.found[0].encode(), source=source) if reader.found else None


class _MetaReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "meta" and values.get("name") == KEY:
            self.found.append(values.get("content") or "")


_WRITERS: Mapping[Carrier, Callable[[str, Mapping[str, str], str], str]] = {
    Carrier.TEXT: _write_text,
    Carrier.JSON: _write_json,
    Carrier.HTML: _write_html,
}
_READERS: Mapping[Carrier, Callable[[str, str], Any]] = {
    Carrier.TEXT: _read_text,
    Carrier.JSON: _read_json,
    Carrier.HTML: _read_html,
}
