"""What every client of registries and signatures must refuse, and the case or test that shows it.

A name with a dot is a vector, to be found under `tests/vectors/sign`; "v*" stands for
both versions of the log. Any other name is a test.
"""

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[2]
VECTORS = {path.name.removesuffix(".json") for path in (TESTS / "vectors/sign").rglob("*.json")}
NAMES = {
    name
    for path in TESTS.rglob("test_*.py")
    for name in re.findall(r"^def (test_\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)
}

# The attack matrix, row by row: what is changed on otherwise valid material.
MATRIX = {
    "payload swapped": ["v*-payload-changed.reject"],
    "payload type swapped": ["v*-payload-type-changed.reject"],
    "certificate swapped": ["v*-certificate-of-another-signature.reject"],
    "log entry swapped": ["v*-entry-of-another-signature.reject"],
    "two signatures in the envelope": ["v*-two-signatures.reject"],
    "two log entries": ["v*-two-entries.reject"],
    "a hash of the proof flipped": ["v*-proof-hash-flipped.reject"],
    "size in the checkpoint edited": ["v*-checkpoint-size-edited.reject"],
    "no proof": ["v*-no-proof.reject"],
    "no log entry": ["v*-no-entry.reject"],
    "time of the promise edited": ["v1-integrated-time-edited.reject"],
    "index of the promise edited": ["v1-index-edited.reject"],
    "another log key": ["v*-root-other-log-key.reject"],
    "another key of the certificate log": ["v*-root-other-ct-key.reject"],
    "no certificate timestamp": ["v*-no-sct.reject"],
    "signed after the certificate expired": ["v*-signed-after-the-certificate-expired.reject"],
    "tiled log without a timestamp": ["v2-no-timestamp.reject"],
    "timestamp of another signature": ["v*-timestamp-of-another-signature.reject"],
    "timestamp outside the certificate's validity": [
        "v*-timestamp-after-the-certificate.reject",
        "v*-timestamp-before-the-certificate.reject",
    ],
    "timestamp twice": ["v*-timestamp-twice.reject"],
    "index and size forged along the same path": ["v*-index-and-size-forged.reject"],
    "index of the entry one too high": ["v2-two-indexes.reject"],
    "signer of the checkpoint renamed": ["v*-checkpoint-signer-renamed.reject"],
    "authority that had ended": ["v*-root-authority-ended.reject"],
    "certificate log that had ended": ["v*-root-ct-log-ended.reject"],
    "log that had ended": ["v*-root-log-ended.reject"],
    "no certificate log in the root": ["v*-root-without-ct-logs.reject"],
    "no promise, a timestamp and a proof": ["v1-no-promise-but-a-timestamp.reject"],
    "another payload type, validly signed": ["v*-payload-type-signed.reject"],
    "a second subject under the same name": [
        "v*-duplicate-subject-first.reject",
        "v*-duplicate-subject-last.reject",
    ],
    "a pattern for part of an identity": ["test_a_pattern_must_match_the_whole_identity"],
    "an attestation for a signature": [
        "v*-another-predicate.reject",
        "test_an_attestation_in_place_of_a_signature_does_not_count_in_either_form",
    ],
    "legacy: another type, another repository, a member in other case": [
        "test_a_validly_signed_payload_that_says_something_else_is_refused",
        "test_a_signature_for_another_repository_is_refused_when_one_is_asked_for",
    ],
    "legacy: another digest, a tag copied, an entry of another payload": [
        "test_a_legacy_tag_moved_to_another_artifact_signs_nothing",
        "test_a_keyless_signature_that_does_not_hold_is_refused",
    ],
}
DIGEST = {
    "another digest": ["v*-another-digest.reject", "statement-about-another-digest.reject"],
    "a tag that moves": ["test_a_tag_that_moves_between_two_reads_is_resolved_once"],
    "a digest header that lies": [
        "test_a_digest_header_that_contradicts_the_bytes_is_refused",
    ],
    "a manifest of other bytes": ["test_other_bytes_under_a_manifests_digest_are_refused"],
    "a blob of other bytes or another size": [
        "test_other_bytes_under_a_blobs_digest_are_refused",
        "test_a_blob_that_is_too_short_is_refused",
    ],
    "a configuration or image of an index of other bytes": [
        "test_a_part_with_other_bytes_is_not_copied",
    ],
    "an index for an image and the other way round": [
        "test_a_signed_index_is_no_signature_over_its_images",
        "test_a_signed_image_is_no_signature_over_an_index_that_lists_it",
        "test_an_index_is_not_pulled_into_a_folder",
    ],
    "a digest that is not SHA-256": ["test_a_digest_that_names_no_manifest_is_a_mistake"],
}
TRUST = {
    "windows, ends included": [
        "v*-root-windows-hold-their-ends.accept",
        "v*-root-timestamps-ended.reject",
    ],
    "no, another or a foreign certificate timestamp": [
        "v*-no-sct.reject",
        "v*-two-scts-of-one-log.reject",
        "v*-sct-of-an-unknown-log.reject",
        "v*-recorded-after-it-was-used.reject",
    ],
    "nobody in the root": [
        "v*-root-without-authorities.reject",
        "v*-root-without-logs.reject",
        "v*-root-without-timestamps.reject",
        "test_a_root_that_trusts_nobody_is_refused",
    ],
    "a time that nobody signed": ["v1-time-nobody-signed.reject"],
    "a time to come": ["v1-all-times-in-the-future.reject", "v*-timestamp-in-the-future.reject"],
    "timestamp: digest": ["v*-timestamp-of-sha-1.reject"],
    "timestamp: purpose": [
        "v*-timestamp-by-a-certificate-for-something-else.reject",
        "v*-timestamp-by-a-certificate-for-two-things.reject",
        "v*-timestamp-by-a-certificate-not-marked-critical.reject",
    ],
    "timestamp: the signer's certificate": [
        "v*-timestamp-that-names-no-certificate.reject",
        "v*-timestamp-that-names-another-certificate.reject",
    ],
    "timestamp: number asked for": [
        "v*-timestamp-twice-with-another-nonce.reject",
        "test_a_timestamp_with_another_nonce_is_a_replay_and_a_failed_anchor",
    ],
    "more than 32 timestamps": ["v*-thirty-three-timestamps.reject"],
    "a path over certificates that nobody trusts": [
        "v1-bundle-that-brings-its-own-chain.reject",
        "v*-certificate-of-another-authority.reject",
    ],
}
LOG = {
    "proof": ["v*-proof-too-long.reject", "v*-proof-too-short.reject"],
    "index beyond the tree": ["v*-index-beyond-the-tree.reject"],
    "size that is not the checkpoint's": ["v*-checkpoint-of-another-size.reject"],
    "checkpoint of another origin": ["v*-checkpoint-of-another-origin.reject"],
    "key hint of the log, key of somebody else": ["v*-checkpoint-signed-by-another-key.reject"],
    "checkpoint of another tree or log": [
        "v*-checkpoint-of-another-tree.reject",
        "v*-proof-out-of-another-log.reject",
    ],
    "more signatures": [
        "v*-checkpoint-signed-twice.reject",
        "v*-checkpoint-with-many-witnesses.reject",
    ],
    "entry of another key or payload": [
        "v*-entry-of-another-key.reject",
        "v*-entry-about-other-bytes-of-the-same-signature.reject",
    ],
    "kind that is not the body's": ["v*-kind-is-not-the-bodys.reject"],
    "unknown kinds": [
        "v*-kind-rekord-0.0.1.reject",
        "v*-kind-intoto-0.0.1.reject",
        "v*-kind-intoto-0.0.2.reject",
        "v*-kind-dsse-0.0.3.reject",
    ],
    "malformed bodies": [
        "v*-body-null-spec.reject",
        "v*-body-not-json.reject",
        "v*-body-without-signature.reject",
    ],
}
IDENTITY = {
    "no issuer": ["v*-no-issuer.reject", "test_who_must_have_signed_is_said_in_one_way"],
    "another case": ["v*-identity-in-other-case.reject"],
    "an address as a URI, a name as a DNS name": [
        "v*-address-in-a-uri.reject",
        "v*-identity-as-a-mailto-uri.reject",
        "v*-identity-in-a-dns-name.reject",
    ],
    "another name's form": ["v*-identity-in-an-other-name.reject"],
    "two issuers": ["v*-issuers-that-differ.reject", "v*-issuers-that-differ-2.reject"],
    "an extension twice": [
        "v*-identity-extension-twice.reject",
        "v*-new-issuer-extension-twice.reject",
    ],
    "line breaks and nulls": [
        "v*-identity-with-a-line-break.reject",
        "v*-identity-with-a-null.reject",
    ],
    "a certificate for a key and the other way round": [
        "certificate-instead-of-key.reject",
        "v*-plain-key-instead.reject",
        "v*-key-hint-beside-the-certificate.reject",
    ],
    "a name that takes a pattern for ever": ["test_a_name_made_to_take_for_ever_is_answered"],
}
PAYLOAD = {
    "types": ["payload-type-signed-but-not-ours.reject", "statement-v0.1.reject"],
    "subjects": ["statement-about-nothing.reject", "statement-about-two.reject"],
    "twins": ["statement-subject-in-other-case.reject", "duplicate-member.reject"],
    "not a number": ["statement-with-nan.reject", "v*-index-that-is-not-a-number.reject"],
    "depth and size": [
        "deep.reject",
        "statement-deep.reject",
        "test_a_bundle_larger_than_the_bound_is_refused_unread",
    ],
    "base64": ["payload-with-line-break.reject", "payload-with-stray-bits.reject"],
    "more behind it": ["more-behind-it.reject", "statement-with-more-behind-it.reject"],
    "other encodings of text": ["byte-order-mark.reject", "v*-in-utf-16.reject"],
}
REGISTRY = {
    "manifests beyond 4 MiB": [
        "test_an_endless_manifest_is_cut_off",
        "test_a_manifest_beyond_the_bound_is_not_read",
    ],
    "more than 1000 layers or referrers": [
        "test_a_manifest_with_a_wrong_member_is_refused",
        "test_more_referrers_than_are_opened_is_no_answer",
    ],
    "junk beside a good one": ["test_junk_referrers_do_not_hide_a_good_one"],
    "referrers of another artifact": [
        "test_a_listed_manifest_of_another_subject_attaches_nothing",
    ],
    "pages": ["test_pages_that_go_in_circles_end", "test_the_next_page_on_another_host_is_refused"],
    "redirects": ["test_a_redirect_to_another_place_goes_without_the_login"],
    "a gzip bomb": ["test_a_compressed_answer_is_not_unpacked"],
    "a hang": ["test_a_registry_that_stalls_is_given_up", "test_a_registry_that_drips_is_given_up"],
    "a busy registry": ["test_a_busy_registry_is_asked_again"],
    "writers at once": ["test_writers_at_once_lose_no_signature"],
    "a signature that was deleted": [
        "test_a_removed_signature_is_no_signature",
        "test_an_artifact_whose_signature_was_removed_from_the_registry_is_denied",
    ],
}
FILES = {
    "links and devices": ["test_an_archive_is_not_unpacked", "test_files_are_not_executable"],
    "paths that leave the folder": [
        "test_a_path_that_is_not_a_plain_relative_one_is_refused",
        "test_no_accepted_path_leaves_the_folder",
    ],
    "names that collide": ["test_two_paths_that_could_be_one_are_refused"],
    "files that nobody signed": [
        "test_any_other_set_of_files_is_refused",
        "test_paths_that_were_left_out_excuse_no_file",
        "test_the_folder_holds_the_files_of_the_manifest_and_no_others",
    ],
    "empty folders": ["test_what_cannot_be_signed_is_refused_by_name"],
}
LISTS = {
    "matrix": MATRIX,
    "digest": DIGEST,
    "trust": TRUST,
    "log": LOG,
    "identity": IDENTITY,
    "payload": PAYLOAD,
    "registry": REGISTRY,
    "files": FILES,
}


def shown_by(names: list[str]) -> list[str]:
    return [
        name.replace("v*", version)
        for name in names
        for version in (["v1", "v2"] if "v*" in name else [""])
    ]


@pytest.mark.parametrize("kind", LISTS)
def test_everything_that_must_be_refused_has_a_case_or_a_test(kind: str) -> None:
    missing = {
        (what, name)
        for what, names in LISTS[kind].items()
        for name in shown_by(names)
        if name not in (VECTORS if "." in name else NAMES)
    }
    assert missing == set()
