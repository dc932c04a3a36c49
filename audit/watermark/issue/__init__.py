"""Issuing receipts: a ticket before a response is generated, a signed receipt before it leaves."""

from audit.watermark.issue._issue import Issued, Issuer, Served, Ticket, redacted_log

__all__ = ["Issued", "Issuer", "Served", "Ticket", "redacted_log"]
