"""Against other people's implementations. Run by `make interop`, which gets them first."""
