"""Engine keys: what a marking engine needs of an epoch, and nothing more.

A folder holds one file per epoch, named by its key id, for its owner alone.
"""

import json
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from audit.core.errors import ConfigError
from audit.core.files import read_bounded, write_whole
from audit.documents import EngineKey, MarkProfile, RegisteredKey
from audit.watermark._keys import EpochKeys, engine_key

if TYPE_CHECKING:
    from audit.watermark.mark import Streams


def write_engine_key(folder: Path, line: RegisteredKey, keys: EpochKeys) -> Path:
    """Write the engine key of a registry line into a folder, mode 0600, and return where.

    Raises:
        StorageFailed: it cannot be written.
    """
    path = folder / f"{line.key_id}.json"
    key = EngineKey(
        key_id=line.key_id,
        profile=line.profile,
        pilot=keys.pilot.hex(),
        payload=keys.payload.hex(),
    )
    with write_whole(path, mode=0o600) as file:
        file.write(key.model_dump_json(indent=2).encode() + b"\n")
    return path


def vllm_config(profile: MarkProfile, keys: EpochKeys) -> str:
    """Return the JSON that `vllm serve --watermark-config` takes for the engine's own mark."""
    value = {"algorithm": "gumbel", "key": engine_key(keys), "context_width": profile.context}
    return json.dumps(value)


class EngineKeys:
    """The engine keys in a folder, read when they are first asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[str, Streams] = {}

    def streams(self, key_id: str) -> "Streams":
        """Return the keyed streams of a key id.

        Raises:
            InputMissing: the folder has no such key.
            ConfigError: others can read it, or it is another key.
        """
        from audit.watermark.mark import Streams

        if key_id not in self._known:
            key = self._read(key_id)
            self._known[key_id] = Streams(
                key.profile, bytes.fromhex(key.pilot), bytes.fromhex(key.payload)
            )
        return self._known[key_id]

    def _read(self, key_id: str) -> EngineKey:
        path = self._folder / f"{key_id}.json"
        data = read_bounded(path, limit=1 << 16)
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise ConfigError(f"{path}: others can read this key", hint=f"chmod 600 {path}")
        key = EngineKey.read(data, source=str(path))
        if key.key_id != key_id:
            raise ConfigError(f"{path}: holds key {key.key_id}")
        return key
