"""What is attached to an artifact: the referrers API, or the referrers tag where there is none.

The tag `sha256-<hex>` names an index that every writer reads, extends and
writes back (distribution-spec 1.1, referrers tag schema). Nothing guards that
against two writers at once, so after writing we read back, and write again,
until our entry has been there twice in a row with a pause between.
"""

import json
import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx

from audit.core import strict_json
from audit.core.errors import ConfigError, RegistryUnavailable
from audit.oci._descriptor import Descriptor, digest_of
from audit.oci._manifest import INDEX_TYPE, MAX_MANIFEST, parse_index
from audit.oci.registry._patience import must, patiently
from audit.oci.registry._wire import Wire, own_host

MAX_PAGES = 64
MAX_WRITES = 40
SETTLE = 0.3
"""Seconds between two looks at the tag; longer than a writer needs to read and write it."""
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_NO_API = {httpx.codes.NOT_FOUND, httpx.codes.BAD_REQUEST, 405, 406}


@dataclass(frozen=True, slots=True)
class Referrers:
    """The referrers of one repository."""

    wire: Wire
    repository: str
    tagged: Callable[[str], bytes | None]
    """Gives the manifest that has a tag, or None."""
    put: Callable[[bytes, str, str], bool]
    """Stores a manifest under a tag with a media type."""

    def listed(self, digest: str) -> list[str]:
        """Return the digests of the manifests that the registry lists for `digest`.

        Raises:
            RegistryUnavailable: it cannot be reached, or its pages do not end.
        """
        found = patiently(lambda: self._from_api(digest), self.wire.limits)
        if found is None:
            index = self.tagged(_tag(digest))
            found = [] if index is None else _digests(index, f"the referrers of {digest}")
        return list(dict.fromkeys(found))

    def _from_api(self, digest: str) -> list[str] | None:
        url: httpx.URL = self.wire.origin.join(f"/v2/{self.repository}/referrers/{digest}")
        found: list[str] = []
        seen: set[str] = set()
        while str(url) not in seen and len(seen) < MAX_PAGES:
            seen.add(str(url))
            with self.wire.ask(
                "GET",
                url,
                scope=f"repository:{self.repository}:pull",
                headers={"Accept": INDEX_TYPE},
            ) as response:
                kind = response.headers.get("content-type", "").partition(";")[0].strip()
                absent = response.status_code in _NO_API
                absent = absent or (response.is_success and kind != INDEX_TYPE)
                if absent and len(seen) == 1:
                    return None
                must(response, {httpx.codes.OK}, self.repository, f"list referrers of {digest}")
                if kind != INDEX_TYPE:
                    raise RegistryUnavailable(f"{self.repository} lists referrers as {kind[:80]!r}")
                found += _digests(self.wire.read(response, MAX_MANIFEST), f"referrers of {digest}")
                after = response.links.get("next", {}).get("url")
                if after is None:
                    return found
                url = response.url.join(after)
                own_host(self.wire.origin, url, "the next page")
        raise RegistryUnavailable(
            f"{self.wire.origin.host} lists referrers of {digest} without end"
        )

    def add(self, subject: str, added: Descriptor) -> None:
        """List `added` under the referrers tag of `subject`, and see that it stays there.

        Raises:
            RegistryUnavailable: it does not stay.
        """
        kept = 0
        for _ in range(MAX_WRITES):
            index = self.tagged(_tag(subject))
            value = _index(index)
            if any(entry.get("digest") == added.digest for entry in value["manifests"]):
                kept += 1
                if kept == 2:
                    return
            else:
                kept = 0
                value["manifests"].append(added.json())
                data = json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
                self.put(data, _tag(subject), INDEX_TYPE)
            self.wire.limits.sleep(SETTLE * random.uniform(0.3, 1.7))  # noqa: S311
        raise RegistryUnavailable(
            f"{self.wire.origin.host} does not keep {added.digest} under the referrers tag"
        )


def _tag(digest: str) -> str:
    return digest.replace(":", "-", 1)


def _digests(data: bytes, source: str) -> list[str]:
    """Return the digests in a list; a malformed entry names nothing, and hides no other."""
    try:
        value = strict_json.loads(data, source=source)
    except ConfigError as exc:
        raise RegistryUnavailable(f"not a list of referrers: {exc}") from exc
    entries = value.get("manifests") if isinstance(value, dict) else None
    if not isinstance(entries, list):
        raise RegistryUnavailable(f"{source}: not a list")
    named = [entry.get("digest") for entry in entries if isinstance(entry, dict)]
    return [name for name in named if isinstance(name, str) and _DIGEST.fullmatch(name)]


def _index(data: bytes | None) -> dict[str, Any]:
    empty: dict[str, Any] = {"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": []}
    if data is None:
        return empty
    source = f"referrers tag {digest_of(data)}"
    parse_index(data, source=source)
    value: dict[str, Any] = strict_json.loads(data, source=source)
    return value
