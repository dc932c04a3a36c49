"""The index of a sharded safetensors model: which shard holds which tensor."""

import posixpath
from collections import defaultdict

from audit.documents import FileRole
from audit.model._refused import Refused, quoted
from audit.model._source import Source
from audit.model.formats._reading import Reading
from audit.model.formats.json_config import load


def read_safetensors_index(source: Source) -> Reading:
    """Return which tensors each shard is said to hold.

    Raises:
        Refused: `index-invalid`, or not JSON with one meaning.
    """
    value = load(source)
    weights = value.get("weight_map") if isinstance(value, dict) else None
    if not isinstance(weights, dict) or not weights:
        raise Refused("index-invalid", "weight_map is not an object with tensors")
    shards: dict[str, set[str]] = defaultdict(set)
    for tensor, shard in weights.items():
        if not isinstance(shard, str) or posixpath.basename(shard) != shard or not shard:
            raise Refused("index-invalid", f"{quoted(tensor)} is not in a file of the same folder")
        shards[shard].add(tensor)
    return Reading(
        "safetensors-index",
        FileRole.CONFIG,
        {"shards": str(len(shards)), "tensors": str(len(weights))},
        shards={name: frozenset(tensors) for name, tensors in shards.items()},
    )
