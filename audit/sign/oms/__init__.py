"""OpenSSF Model Signing: a signature over every file of a model directory."""

from audit.sign.oms._files import ModelFile, model_digest, model_files
from audit.sign.oms._sign import model_statement, sign_model, verify_model
from audit.sign.oms._statement import PREDICATE_TYPE, compare, oms_statement

__all__ = [
    "PREDICATE_TYPE",
    "ModelFile",
    "compare",
    "model_digest",
    "model_files",
    "model_statement",
    "oms_statement",
    "sign_model",
    "verify_model",
]
