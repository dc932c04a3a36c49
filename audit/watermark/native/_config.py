"""Reading the `watermarking_config` that transformers writes, for marks that are verified here."""

from audit.core import strict_json
from audit.core.errors import ConfigError, UsageError
from audit.watermark.native._kgw import ForeignMark, GreenList, green_list_mark
from audit.watermark.native._synthid import IntArray, Tournament, tournament_mark

Foreign = GreenList | Tournament


def read_foreign(data: bytes, *, vocabulary: int | None, source: str) -> Foreign:
    """Return the mark a configuration describes: a tournament if it has `keys`, else a green list.

    Raises:
        ConfigError: it is no such configuration, or one of a scheme that is not verified here.
        UsageError: a green list needs the size of the model's vocabulary.
    """
    value = strict_json.loads(data, source=source)
    if not isinstance(value, dict):
        raise ConfigError(f"{source}: not a JSON object")
    if "keys" in value:
        keys = value["keys"]
        if not isinstance(keys, list) or not keys or not all(_is_int(key) for key in keys):
            raise ConfigError(f"{source}: keys is not a list of integers")
        return Tournament(
            tuple(keys),
            _integer(value, "ngram_len", 5, source),
            _integer(value, "sampling_table_size", 1 << 16, source),
            _integer(value, "sampling_table_seed", 0, source),
        )
    for name, only in (("seeding_scheme", "lefthash"), ("context_width", 1)):
        if value.get(name, only) != only:
            raise ConfigError(f"{source}: {name} {value[name]!r} is not verified here, {only!r} is")
    if vocabulary is None:
        raise UsageError(f"{source}: a green list needs --vocabulary, the model's vocab_size")
    return GreenList(
        vocabulary, _integer(value, "hashing_key", 15485863, source), _ratio(value, source)
    )


def foreign_mark(tokens: IntArray, foreign: Foreign) -> ForeignMark:
    """Test a text for a foreign mark."""
    if isinstance(foreign, Tournament):
        return tournament_mark(tokens, foreign)
    return green_list_mark(tokens, foreign)


def _integer(value: dict[str, object], name: str, default: int, source: str) -> int:
    found = value.get(name, default)
    if not isinstance(found, int) or not _is_int(found) or found < 0:
        raise ConfigError(f"{source}: {name} is not a whole number")
    return found


def _ratio(value: dict[str, object], source: str) -> float:
    try:
        found = float(str(value.get("greenlist_ratio", 0.25)))
    except ValueError:
        found = 0.0
    if not 0.0 < found < 1.0:
        raise ConfigError(f"{source}: greenlist_ratio does not lie between 0 and 1")
    return found


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
