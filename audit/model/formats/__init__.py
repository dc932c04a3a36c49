"""The formats a model may have: one module per format, and the table of their names."""

from collections.abc import Callable

from audit.model._source import Source
from audit.model.formats._reading import DataSpan, Reading
from audit.model.formats.gguf import read_gguf
from audit.model.formats.json_config import read_json
from audit.model.formats.onnx import read_onnx
from audit.model.formats.safetensors import read_safetensors
from audit.model.formats.safetensors_index import read_safetensors_index
from audit.model.formats.sentencepiece import read_sentencepiece, read_tokenizer_model
from audit.model.formats.text import read_document, read_lines, read_template

Reader = Callable[[Source], Reading]

# The end of a file's name in lower case: its format and reader; the longest match counts.
ENDINGS: dict[str, tuple[str, Reader]] = {
    ".gguf": ("gguf", read_gguf),
    ".safetensors": ("safetensors", read_safetensors),
    ".onnx": ("onnx", read_onnx),
    ".safetensors.index.json": ("safetensors-index", read_safetensors_index),
    ".json": ("json", read_json),
    ".jinja": ("jinja", read_template),
    ".model": ("sentencepiece", read_tokenizer_model),
    ".spm": ("sentencepiece", read_sentencepiece),
    ".tiktoken": ("text", read_lines),
    "vocab.txt": ("text", read_lines),
    "merges.txt": ("text", read_lines),
    ".txt": ("text", read_document),
    ".md": ("text", read_document),
}

# Whole names, and how names may start, of documents that have no ending.
DOCUMENTS = frozenset({".gitattributes", ".gitignore"})
DOCUMENT_STARTS = ("license", "notice", "copying", "readme", "authors", "changelog")


def find_reader(name: str) -> tuple[str, Reader] | None:
    """Return the format that a file's name announces, and its reader."""
    base = name.rpartition("/")[2].lower()
    ending = max((end for end in ENDINGS if base.endswith(end)), key=len, default=None)
    if ending is not None:
        return ENDINGS[ending]
    if base in DOCUMENTS or (base.startswith(DOCUMENT_STARTS) and "." not in base):
        return "text", read_document
    return None


__all__ = ["DataSpan", "Reader", "Reading", "find_reader"]
