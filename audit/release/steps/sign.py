"""Step 5: sign the manifest's digest, and attest the facts, with one key.

Two bundles are attached to the artifact: cosign's signature statement, which
says "signed" and nothing more, and our description of the release. A gate
counts only the first as a signature.
"""

from audit.documents import COSIGN_SIGN, RELEASE_FACTS, Named
from audit.oci import digest_of
from audit.release._session import Session
from audit.release.describe import predicate
from audit.release.steps.describe import Description
from audit.release.steps.package import Made
from audit.sign import PrivateKey, sign_statement, signature_statement, statement


def sign(session: Session, made: Made, description: Description, key: PrivateKey) -> None:
    """Sign, attach both bundles to the artifact, and record them.

    The same artifact and key give the same bundles, so a rerun adds nothing.
    """
    digest = made.manifest.digest
    stated = {
        COSIGN_SIGN: signature_statement(digest),
        RELEASE_FACTS: statement(digest, RELEASE_FACTS, predicate(description.facts)),
    }
    session.keep("statement.json", stated[RELEASE_FACTS])
    for predicate_type, payload in stated.items():
        bundle = sign_statement(payload, key)
        made.layout.attach_bundle(
            made.manifest, bundle, predicate_type=predicate_type, created=made.created
        )
        session.record(
            "release.signed",
            subject=digest,
            outputs=[Named(name="bundle", digest=digest_of(bundle))],
            facts={"key": key.key_id, "predicate_type": predicate_type},
        )
