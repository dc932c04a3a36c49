"""Text: documents, vocabularies in lines, chat templates. UTF-8 without NUL."""

from codecs import getincrementaldecoder

from audit.documents import FileRole
from audit.model._refused import Refused
from audit.model._source import Source
from audit.model.formats._reading import Reading

MAX_SIZE = 64 << 20


def read_document(source: Source) -> Reading:
    """Return a document for people: README.md, LICENSE.

    Raises:
        Refused: not text, or larger than 64 MiB.
    """
    _require_text(source, MAX_SIZE)
    return Reading("text", FileRole.DOC)


def read_lines(source: Source) -> Reading:
    """Return a vocabulary or merges file in lines.

    Raises:
        Refused: not text, or larger than 64 MiB.
    """
    _require_text(source, MAX_SIZE)
    return Reading("text", FileRole.CONFIG)


def read_template(source: Source) -> Reading:
    """Return a chat template, with its digest among the facts; it is not rendered.

    Raises:
        Refused: not text, or a template that no model needs.
    """
    from audit.model.formats._template import template_facts  # jinja2, when needed

    _require_text(source, MAX_SIZE)
    text = source.head(source.size).decode("utf-8")
    return Reading("jinja", FileRole.CONFIG, template_facts({"": text}))


def _require_text(source: Source, limit: int) -> None:
    if source.size > limit:
        raise Refused("document-too-large", f"{source.size} bytes; at most {limit}")
    decoder = getincrementaldecoder("utf-8")()
    try:
        for piece in source.chunks(0, source.size):
            if "\0" in decoder.decode(piece):
                raise Refused("text-nul", "text with a NUL character")
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as exc:
        raise Refused("not-utf8", f"text that is not UTF-8: {exc.reason}") from None
