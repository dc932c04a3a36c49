"""The audit ledger: append, verify, prove.

* `open_ledger`: a URL -> an open `Ledger`, which appends, reads, signs and verifies
* `read_checkpoint`, `verify_note`: a signed note -> what it says, and whose keys signed it
* `parse_policy`: a policy file -> whose checkpoints count, and how many witnesses they need
* `export_tiles`, `read_tiled`: the log as static files, and proofs from them (`TlogProof`)
* `hammer`: many writers at once, and whether the ledger kept what it acknowledged
* `load_retention`: how long entries are kept; they expire in whole partitions, never in silence
* `Vault`: payloads with personal data beside the log, each under its subject's key, erasable
* `export_pack`, `verify_pack`: evidence for a third party, in one file
* `anchor_checkpoint`, `Outside`: have a checkpoint anchored outside; whose anchors count
* `check_ledger`: everything that is wrong with a ledger, and where
* `Witness`, `collect_cosignatures`: cosign other logs' checkpoints, and have ours cosigned
"""

from audit.ledger._anchors import anchor_checkpoint
from audit.ledger._checkpoint import read_checkpoint
from audit.ledger._keys import VerifierKey
from audit.ledger._ledger import Ledger
from audit.ledger._note import Note, verify_note
from audit.ledger._open import open_ledger
from audit.ledger._outside import ANCHOR, Outside, describe, instant
from audit.ledger._policy import NONE as NO_QUORUM
from audit.ledger._policy import CountedCheckpoint, LogPolicy, parse_policy
from audit.ledger._promise import Promise, read_promise
from audit.ledger._proof import TlogProof
from audit.ledger._service import grant_role, serve_sequencer
from audit.ledger._signing import LastSigned
from audit.ledger.fsck import Brought, check_ledger
from audit.ledger.hammer import HammerCount, Load, hammer
from audit.ledger.pack import (
    ExportedPack,
    PackRequest,
    PackTrust,
    Question,
    VerifiedPack,
    export_pack,
    verify_pack,
)
from audit.ledger.retention import LoadedRetention, load_retention
from audit.ledger.tiles import (
    TiledTree,
    TileFolder,
    TileStore,
    export_tiles,
    open_tiles,
    published_minimum,
    read_tiled,
)
from audit.ledger.vault import Sensitive, Vault, VaultKey, generate_vault_key, load_vault_key
from audit.ledger.witness import (
    ALGORITHMS,
    Cosigner,
    Witness,
    WitnessServer,
    WitnessState,
    collect_cosignatures,
    generate_cosigner,
    load_cosigner,
    post_http,
)

__all__ = [
    "ALGORITHMS",
    "ANCHOR",
    "NO_QUORUM",
    "Brought",
    "Cosigner",
    "CountedCheckpoint",
    "ExportedPack",
    "HammerCount",
    "LastSigned",
    "Ledger",
    "Load",
    "LoadedRetention",
    "LogPolicy",
    "Note",
    "Outside",
    "PackRequest",
    "PackTrust",
    "Promise",
    "Question",
    "Sensitive",
    "TileFolder",
    "TileStore",
    "TiledTree",
    "TlogProof",
    "Vault",
    "VaultKey",
    "VerifiedPack",
    "VerifierKey",
    "Witness",
    "WitnessServer",
    "WitnessState",
    "anchor_checkpoint",
    "check_ledger",
    "collect_cosignatures",
    "describe",
    "export_pack",
    "export_tiles",
    "generate_cosigner",
    "generate_vault_key",
    "grant_role",
    "hammer",
    "instant",
    "load_cosigner",
    "load_retention",
    "load_vault_key",
    "open_ledger",
    "open_tiles",
    "parse_policy",
    "post_http",
    "published_minimum",
    "read_checkpoint",
    "read_promise",
    "read_tiled",
    "serve_sequencer",
    "verify_note",
    "verify_pack",
]
