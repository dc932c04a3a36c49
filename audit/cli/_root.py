"""The top command and its lazy table of contents."""

from importlib import import_module

import click
from typing_extensions import override

import audit

# section -> {command: one-line help}. The module is audit.cli.<command>.
SECTIONS: dict[str, dict[str, str]] = {
    "Ship": {"release": "Take a release from files to verdict and reports."},
    "Make evidence": {
        "fingerprint": "Digest a dataset.",
        "model": "Inspect model files without running them.",
        "sign": "Make keys, sign, and verify signatures.",
        "oci": "Look into OCI image layouts.",
        "watermark": "Find marks in texts, verify receipts, label texts.",
    },
    "Protect": {"redact": "Find and replace personal data and secrets in text and logs."},
    "Decide": {
        "gate": "Allow or deny a release.",
        "canary": "Try a release on a share of the requests; say if it may stay.",
    },
    "Look back": {
        "ledger": "Verify the audit ledger.",
        "report": "Write GDPR and MLPS 2.0 reports from the ledger.",
    },
}


class RoomGroup(click.Group):
    """Lists every room without importing any of them."""

    @override
    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order of the table."""
        return [name for room in SECTIONS.values() for name in room]

    @override
    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the room's module the moment its command is needed."""
        known = self.list_commands(ctx)
        if cmd_name not in known:
            if ctx.resilient_parsing:  # shell completion asks about half a word
                return None
            # click looks for near misses in `self.commands`, which is empty here.
            raise click.exceptions.NoSuchCommand(cmd_name, possibilities=known, ctx=ctx)
        command = import_module(f"audit.cli.{cmd_name}").command
        if not isinstance(command, click.Command):
            raise TypeError(f"audit.cli.{cmd_name}.command is not a click command")
        return command

    @override
    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write one help section per entry of the table."""
        for title, rooms in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl(list(rooms.items()))


@click.group(cls=RoomGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(audit.__version__, prog_name="audit")
def cli() -> None:
    """Evidence, ledger and release gate for fine-tuned language models."""
