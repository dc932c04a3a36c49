"""Describe a release: facts from its files, and the carriers that repeat them.

`mapping` is the one table from a fact's name to its place in each carrier.
"""

from audit.release.describe.card import card_facts, model_card
from audit.release.describe.evaluation import read_evaluation
from audit.release.describe.mapping import annotation_key, annotations, predicate
from audit.release.describe.training import read_training

__all__ = [
    "annotation_key",
    "annotations",
    "card_facts",
    "model_card",
    "predicate",
    "read_evaluation",
    "read_training",
]
