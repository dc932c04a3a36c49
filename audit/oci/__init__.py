"""OCI manifests, layouts and referrers."""
