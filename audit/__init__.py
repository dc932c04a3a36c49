"""One re-checkable chain of evidence for fine-tuned language models.

Start here:

* `audit.documents`: the nouns (`Release`, `Evidence`, `LedgerEntry`, `Verdict`)
* `audit.release.run`: the main job, from files to verdict and reports
* `audit.gate.decide`: the pure function that allows or denies a release
"""

__version__ = "0.1.0"
