"""Write schemas/*.schema.json from the pydantic models. `--check` only compares."""

import json
import sys
from pathlib import Path
from typing import Any

from pydantic import BaseModel, TypeAdapter

from audit import documents

ROOT = Path(__file__).resolve().parent.parent / "schemas"
MODELS: dict[str, type[BaseModel] | TypeAdapter[Any]] = {
    "aigc-label-v1": documents.AigcLabel,
    "anchor-v1": documents.Anchor,
    "attached-signature-v1": documents.AttachedSignature,
    "canary-policy-v1": documents.CanaryPolicy,
    "canary-verdict-v1": documents.CanaryVerdict,
    "checkpoint-v1": documents.Checkpoint,
    "dataset-manifest-v1": documents.DatasetManifest,
    "detection-v1": documents.Detection,
    "engine-key-v1": documents.EngineKey,
    "entry-v1": documents.LedgerEntry,
    "erasure-receipt-v1": documents.ErasureReceipt,
    "environment-lock-v1": documents.EnvironmentLock,
    "evidence-v1": TypeAdapter(documents.Evidence),
    "expiry-receipt-v1": documents.ExpiryReceipt,
    "foreign-detection-v1": documents.ForeignDetection,
    "finding-v1": documents.Finding,
    "key-registry-v1": documents.KeyRegistry,
    "ledger-check-v1": documents.LedgerCheck,
    "layout-profile-v1": documents.LayoutProfile,
    "layout-report-v1": documents.LayoutReport,
    "ledger-verification-v1": documents.LedgerVerification,
    "lock-changes-v1": documents.LockChanges,
    "generated-key-v1": documents.GeneratedKey,
    "model-inspection-v1": documents.ModelInspection,
    "pack-v1": documents.PackManifest,
    "policy-v1": documents.Policy,
    "receipt-record-v1": documents.ReceiptRecord,
    "gateway-probe-v1": documents.ProbeReport,
    "redaction-v1": documents.RedactionReport,
    "release-v1": documents.Release,
    "release-facts-v1": documents.ReleaseFacts,
    "query-answer-v1": documents.QueryAnswer,
    "report-v1": documents.Report,
    "report-verification-v1": documents.ReportVerification,
    "retention-plan-v1": documents.RetentionPlan,
    "retention-policy-v1": documents.RetentionPolicy,
    "statement-v1": documents.Statement,
    "vault-verification-v1": documents.VaultVerification,
    "verdict-v1": documents.Verdict,
    "verified-signature-v1": documents.VerifiedSignature,
}


def text(name: str) -> str:
    """Return the schema file's exact contents for `name`."""
    model = MODELS[name]
    schema = (
        model.json_schema(mode="validation")
        if isinstance(model, TypeAdapter)
        else model.model_json_schema(mode="validation")
    )
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:lastmile-audit:schema:{name}",
    }
    return json.dumps(head | schema, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def main() -> int:
    wanted = {ROOT / f"{name}.schema.json": text(name) for name in MODELS}
    stale = [
        path
        for path, body in wanted.items()
        if not path.is_file() or path.read_text("utf-8") != body
    ]
    extra = [path for path in ROOT.glob("*") if path not in wanted]
    if "--check" in sys.argv:
        for path in [*stale, *extra]:
            print(f"stale: schemas/{path.name} (make fix)")
        return bool(stale or extra)
    for path in stale:
        path.write_text(wanted[path], "utf-8")
    for path in extra:
        path.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
