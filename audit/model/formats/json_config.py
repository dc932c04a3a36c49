"""JSON configuration: one meaning, and no key that makes a loader import code.

Source of the keys: the configuration loaders of the transformers, PEFT, diffusers
and sentence-transformers projects, which turn their values into imports.
"""

from collections.abc import Iterator
from typing import Any

from audit.core import strict_json
from audit.core.errors import ConfigError
from audit.documents import FileRole
from audit.model._refused import Refused, clip, quoted
from audit.model._source import Source
from audit.model.formats._reading import Reading

MAX_SIZE = 64 << 20
MAX_SEARCH = 6
"""How deep configurations nest others; vocabularies lie deeper or hold numbers."""

IMPORTING = frozenset({"auto_map", "custom_pipelines", "custom_generate"})
"""Keys whose value names code to be imported from beside the model, or from elsewhere."""

KERNELS = frozenset({"attn_implementation", "_attn_implementation"})
"""Keys whose value may name a repository to load compiled kernels from."""

LIBRARIES = ("transformers.", "sentence_transformers.", "torch.", "diffusers.")
"""Where the class that a configuration names may come from."""

# Fact: key of config.json, in the order of preference.
FACTS: dict[str, tuple[str, ...]] = {
    "architecture": ("architectures", "model_type"),
    "model_type": ("model_type",),
    "context_length": ("max_position_embeddings", "n_positions", "seq_length"),
    "vocabulary": ("vocab_size",),
    "precision": ("dtype", "torch_dtype"),
}


def read_json(source: Source) -> Reading:
    """Return a JSON configuration file.

    Raises:
        Refused: `json-invalid`, `key-duplicate`, `remote-code` or `document-too-large`.
    """
    value = load(source)
    _require_known_modules(value)
    for key, found in _entries(value, MAX_SEARCH):
        _require_no_code(key, found)
    return Reading("json", FileRole.CONFIG, _facts(value) if isinstance(value, dict) else {})


def load(source: Source) -> Any:
    """Return the value of a JSON file with one meaning."""
    if source.size > MAX_SIZE:
        raise Refused("document-too-large", f"{source.size} bytes; at most {MAX_SIZE}")
    try:
        return strict_json.loads(source.head(source.size), source="json")
    except ConfigError as exc:
        text = str(exc).removeprefix("json").lstrip(":").strip()
        raise Refused(
            "key-duplicate" if "duplicate key" in text else "json-invalid", text
        ) from None


def _entries(value: object, depth: int) -> Iterator[tuple[str, object]]:
    """Give every key with its value, down to `depth` levels."""
    if depth and isinstance(value, dict):
        for key, found in value.items():
            yield key, found
            if isinstance(found, dict | list):
                yield from _entries(found, depth - 1)
    elif depth and isinstance(value, list):
        for found in value:
            if isinstance(found, dict):
                yield from _entries(found, depth - 1)


def _require_no_code(key: str, found: object) -> None:
    if key in IMPORTING and found and not isinstance(found, int):
        raise Refused("remote-code", f"{key} names code to be imported")
    if key == "trust_remote_code" and found is True:
        raise Refused("remote-code", "trust_remote_code is true")
    if key in KERNELS and isinstance(found, str) and "/" in found:
        raise Refused("remote-code", f"{key} names a kernel to be fetched: {quoted(found)}")
    if key == "parent_library" and isinstance(found, str) and not found.startswith(LIBRARIES):
        raise Refused("remote-code", f"parent_library is {quoted(found)}")


def _require_known_modules(value: object) -> None:
    """Refuse the module list of a sentence model that names a class of another library."""
    for module in value if isinstance(value, list) else ():
        listed = isinstance(module, dict) and {"idx", "path", "type"} <= set(module)
        if listed and not str(module["type"]).startswith(LIBRARIES):
            raise Refused("remote-code", f"a module of type {quoted(str(module['type']))}")


def _facts(value: dict[str, Any]) -> dict[str, str]:
    facts = {}
    for name, keys in FACTS.items():
        found = next((value[key] for key in keys if key in value), None)
        found = found[0] if isinstance(found, list) and found else found
        if isinstance(found, str | int) and not isinstance(found, bool):
            facts[name] = clip(str(found), 80)
    return facts | _template_facts(value.get("chat_template"))


def _template_facts(found: object) -> dict[str, str]:
    """Return what is to be said of a chat template, or of several with names."""
    if found is None:
        return {}
    from audit.model.formats._template import template_facts  # jinja2, when needed

    named: dict[str, str] = {}
    for name, template in _named_templates(found):
        if not isinstance(template, str):
            raise Refused("template-invalid", f"chat template {quoted(name)} is not a text")
        suffix = "" if name == "default" else f".{name}"
        if suffix in named:
            raise Refused("key-duplicate", f"chat template {quoted(name)} comes twice")
        named[suffix] = template
    return template_facts(named)


def _named_templates(found: object) -> Iterator[tuple[str, object]]:
    """Give name and template in each of the three ways that loaders read."""
    if isinstance(found, dict):
        yield from found.items()
    elif isinstance(found, list):
        for one in found:
            entry = one if isinstance(one, dict) else {}
            yield str(entry.get("name", "default")), entry.get("template")
    else:
        yield "default", found
