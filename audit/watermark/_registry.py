"""Writing the key registry: lines are added and revoked, never removed."""

from audit.core.errors import UsageError
from audit.documents import KeyRegistry, RegisteredKey


def add_key(registry: KeyRegistry, line: RegisteredKey) -> KeyRegistry:
    """Return the registry with one more line.

    Raises:
        UsageError: the key has a line already.
    """
    if registry.find_key(line.key_id) is not None:
        raise UsageError(
            f"key {line.key_id} is in the registry already (epoch {line.epoch})",
            hint="name another epoch",
        )
    return KeyRegistry(keys=(*registry.keys, line))


def revoke_key(registry: KeyRegistry, key_id: str, *, at_ns: int) -> KeyRegistry:
    """Return the registry in which a key counts for nothing from `at_ns` on.

    Raises:
        UsageError: there is no such key, or it was revoked at an earlier time.
    """
    line = registry.find_key(key_id)
    if line is None:
        raise UsageError(f"key {key_id} is not in the registry")
    if line.revoked_at_ns is not None and line.revoked_at_ns <= at_ns:
        raise UsageError(f"key {key_id} was revoked at {line.revoked_at_ns} already")
    revoked = line.model_copy(update={"revoked_at_ns": at_ns})
    return KeyRegistry(keys=tuple(revoked if one is line else one for one in registry.keys))


def current_key(registry: KeyRegistry, model_digest: str, ts_ns: int) -> RegisteredKey | None:
    """Return the key that marks this model at this time; the last line wins."""
    lines = [
        one for one in registry.keys if one.model_digest == model_digest and one.counts_at(ts_ns)
    ]
    return lines[-1] if lines else None
