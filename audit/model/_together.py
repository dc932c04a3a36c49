"""The files of a model against each other: indexes, shards, and data kept outside.

Names are looked up among the files of the set, never on the file system, so a
location in a file can only mean a file that is itself inspected and digested.
"""

import posixpath
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from audit.documents import FileRole
from audit.model._names import require_safe
from audit.model._one import require_raw
from audit.model._refused import Refused, quoted
from audit.model._source import open_source
from audit.model._spans import Span, require_tiling
from audit.model.formats import DataSpan, Reading

DATA_SLACK = 1 << 16
"""Between tensors of an external data file: writers align them to at most 64 KiB."""

SHARD = re.compile(r"(.+)-(\d{5})-of-(\d{5})\.(safetensors|gguf)")
INDEX = ".safetensors.index.json"

Outcome = Reading | Refused
Outcomes = Mapping[str, Outcome]


def settle(
    outcomes: Outcomes, paths: Mapping[str, Path], *, linked: frozenset[str]
) -> dict[str, Outcome]:
    """Return the outcome of every file, once each has been held against the others.

    `linked` are the files with a second name, which may lie outside the set.
    """
    settled = dict(outcomes)
    for target, claims in _claims(outcomes).items():
        settled |= dict(_data(settled, target, claims, paths, linked))
    settled |= dict(_indexes(settled))
    settled |= dict(_shards(settled))
    return settled


# --- tensors kept in another file: ONNX external data -----------------------------------

Claims = dict[str, list[DataSpan]]
"""Owner to the spans it claims of one target."""


def _claims(outcomes: Outcomes) -> dict[str, Claims]:
    targets: dict[str, Claims] = defaultdict(lambda: defaultdict(list))
    for owner, outcome in outcomes.items():
        if isinstance(outcome, Reading):
            for span in outcome.data:
                target = posixpath.join(posixpath.dirname(owner), span.location)
                targets[target][owner].append(span)
    return targets


def _data(
    outcomes: Outcomes,
    target: str,
    claims: Claims,
    paths: Mapping[str, Path],
    linked: frozenset[str],
) -> Iterator[tuple[str, Outcome]]:
    """Give the outcome of a data file and of the models that keep tensors in it."""
    spans = [span for owned in claims.values() for span in owned]
    try:
        for location in sorted({span.location for span in spans}):
            _require_location(location)
        _require_data_file(outcomes, target, linked)
        _require_raw_data(paths[target], spans)
    except Refused as refused:
        for owner in claims:
            yield owner, refused
        if isinstance(outcomes.get(target), Refused) and refused.reason != "data-location":
            yield target, Refused("data-unowned", f"the model that names it is refused: {refused}")
        return
    yield target, Reading("onnx", FileRole.WEIGHT, {"holds": "external data"})


def _require_location(location: str) -> None:
    try:
        require_safe(location)
    except Refused:
        raise Refused("data-location", f"external data in {quoted(location)}") from None


def _require_data_file(outcomes: Outcomes, target: str, linked: frozenset[str]) -> None:
    if target not in outcomes:
        raise Refused("data-missing", f"external data in {quoted(target)}, which is not there")
    found = outcomes[target]
    if isinstance(found, Reading):
        raise Refused("data-not-raw", f"external data in {quoted(target)}, a {found.format} file")
    if target in linked:
        raise Refused("data-hard-linked", f"{quoted(target)} has another name, maybe elsewhere")


def _require_raw_data(path: Path, spans: Sequence[DataSpan]) -> None:
    # Models of one set share data, and a tensor may be named twice: the same bytes count once.
    owned = {(span.offset, span.length): span.tensor for span in spans}
    with open_source(path) as source:
        require_raw(source)
        require_tiling(
            (Span(offset, offset + length, name) for (offset, length), name in owned.items()),
            source,
            begin=0,
            slack=DATA_SLACK,
        )


# --- shards ------------------------------------------------------------------------------


def _indexes(outcomes: Outcomes) -> Iterator[tuple[str, Outcome]]:
    for name, outcome in outcomes.items():
        if isinstance(outcome, Reading) and outcome.shards:
            try:
                _require_index(name, outcome, outcomes)
            except Refused as refused:
                yield name, refused


def _require_index(name: str, index: Reading, outcomes: Outcomes) -> None:
    """Require that an index names every shard of its model, and what each holds."""
    folder = posixpath.dirname(name)
    stem = name[: -len(INDEX)]
    listed = {posixpath.join(folder, shard): held for shard, held in index.shards.items()}
    there = {other for other in outcomes if (place := SHARD.fullmatch(other)) and place[1] == stem}
    for shard in sorted(set(listed) - set(outcomes)):
        raise Refused("shard-missing", f"the index names {quoted(shard)}, which is not there")
    for shard in sorted(there - set(listed)):
        raise Refused("shard-unlisted", f"the index does not name {quoted(shard)}")
    for shard, held in listed.items():
        found = outcomes[shard]
        if isinstance(found, Reading) and found.tensors != held:
            differ = sorted(found.tensors ^ held)
            raise Refused(
                "index-mismatch",
                f"{quoted(shard)} and the index differ in {len(differ)} tensors,"
                f" the first {quoted(differ[0])}",
            )


def _shards(outcomes: Outcomes) -> Iterator[tuple[str, Outcome]]:
    """Refuse the shards of a model of which one is missing or is out of place."""
    groups: dict[tuple[str, ...], dict[int, str]] = defaultdict(dict)
    for name, outcome in outcomes.items():
        shard = SHARD.fullmatch(name)
        split = outcome.facts.get("split") if isinstance(outcome, Reading) else None
        said = f"{int(shard[2])} of {int(shard[3])}" if shard else None
        if split not in {None, said}:
            yield name, Refused("shard-misnamed", f"the header says it is shard {split}")
        if shard:
            groups[shard[1], shard[3], shard[4]][int(shard[2])] = name
    for (_, count, _), group in groups.items():
        missing = int(count) - len(group)
        if missing or set(group) != set(range(1, int(count) + 1)):
            for name in group.values():
                yield (
                    name,
                    Refused("shard-missing", f"{missing} of {int(count)} shards are missing"),
                )
