"""After an allow: push the artifact, and what is attached to it, to the registry it is for.

Nothing leaves before the gate has allowed it.
"""

from audit.oci import Access
from audit.release._artifact import push_artifact
from audit.release._session import Session
from audit.release.steps.package import Made


def push(session: Session, made: Made, reference: str, access: Access | None) -> str:
    """Push, record it, and return the artifact's name in the registry, by digest.

    Raises:
        RegistryUnavailable: the registry cannot be reached, or refuses.
    """
    digest = made.manifest.digest
    name = push_artifact(made.layout, digest, reference, access=access, progress=session.progress)
    session.record("release.pushed", subject=digest, facts={"name": name})
    return name
