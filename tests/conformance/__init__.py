"""The command line that the Sigstore conformance suite drives; see README.md here."""
