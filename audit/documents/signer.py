"""Who signs: protocols that let a room sign without knowing keys."""

from typing import Protocol


class NoteSigner(Protocol):
    """Signs C2SP notes with an Ed25519 key."""

    @property
    def name(self) -> str:
        """The key's name; for a log this is its origin."""

    @property
    def vkey(self) -> str:
        """The verifier key, `name+hash+base64` (C2SP signed-note)."""

    def sign_note(self, text: bytes) -> bytes:
        """Return the signature over the note's text."""
