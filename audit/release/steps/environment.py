"""Step 3a: the lock file of the environment, read for what would make it another one."""

from audit.core.files import read_bounded
from audit.documents import EnvironmentLock, Named
from audit.release._recipe import Recipe
from audit.release._session import Session, named
from audit.release.evidence.record import LOCKED
from audit.release.locks import MAX_LOCK, read_lock

LOCK = "environment-lock"
MOST_PROBLEMS = 20
"""Problems named one by one in the entry; the document names them all."""


def environment(session: Session, recipe: Recipe) -> tuple[Named, ...]:
    """Return what names the kept reading of the lock file, or nothing when none is named.

    Raises:
        InputMissing: the file is not there.
        ConfigError: it is no lock file of a known format.
    """
    if recipe.lock is None:
        return ()
    data = read_bounded(recipe.lock, limit=MAX_LOCK)
    lock = read_lock(data, source=str(recipe.lock))
    file = named(recipe.lock.name, data)
    document = EnvironmentLock(
        path=file.name,
        digest=file.digest,
        lock_format=lock.format,
        packages=len(lock.packages),
        problems=lock.problems,
    )
    kept = session.keep_document(LOCK, document)
    session.record(
        LOCKED,
        inputs=[file],
        outputs=[kept],
        facts={
            "format": lock.format,
            "packages": str(len(lock.packages)),
            "problem_count": str(len(lock.problems)),
            "problems": list(lock.problems[:MOST_PROBLEMS]),
        },
    )
    return (kept,)
