"""What ledger tests share: a log key, a clock that moves when asked, events of every kind."""

from audit.documents import Event, Named
from tests.fakes.notes import SeededSigner

LOG = SeededSigner("log.example/audit")
SUBJECT = "sha256:" + "ab" * 32


class Ticks:
    """A clock that moves 1000 ns each time it is read, from `now`."""

    def __init__(self, now: int = 1_790_000_000_000_000_000) -> None:
        self.now = now

    def __call__(self) -> int:
        self.now += 1000
        return self.now


def event(number: int) -> Event:
    """Return an event that differs from its neighbours in type, model and subject."""
    return Event(
        type="gateway.response" if number % 3 else "release.package",
        model_id="acme/qwen-7b" if number % 2 else None,
        subject=SUBJECT if number % 3 == 0 else None,
        inputs=(Named(name="数据", digest="blake3:" + f"{number:064x}"),),
        facts={"n": number, "text": f'quote " and \\ and é {number}', "list": [1, None, True]},
    )
