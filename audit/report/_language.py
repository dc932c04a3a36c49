"""Two languages: the words of the reports, and which of them to show."""

from functools import cache
from typing import Literal

from audit.core import strict_yaml
from audit.core.errors import ConfigError
from audit.core.resources import shelf
from audit.documents import Text

Language = Literal["en", "zh", "both"]
LANGUAGES: tuple[Language, ...] = ("en", "zh", "both")
WORDS = "words.yaml"


@cache
def words() -> dict[str, Text]:
    """Return every word and sentence of the report templates by its key.

    Raises:
        ConfigError: one of the two languages is missing somewhere.
    """
    source = f"reports/{WORDS}"
    data = shelf("reports").joinpath(WORDS).read_bytes()
    value = strict_yaml.loads(data, source=source, shipped=True).value
    found: dict[str, Text] = {}
    for key, text in value.items():
        if not isinstance(text, dict) or set(text) != {"en", "zh"} or not all(text.values()):
            raise ConfigError(f"{source}: {key} is not there in both languages")
        found[key] = Text(en=text["en"], zh=text["zh"])
    return found


def in_language(text: Text, language: Language) -> str:
    """Return a text in one language, or both on one line, English first."""
    if language == "both":
        return text.en if text.en == text.zh else f"{text.en} / {text.zh}"
    return text.en if language == "en" else text.zh
