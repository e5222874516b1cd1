"""The command line: every command by name, each loaded when it is called.

Data goes to stdout, words to stderr; 0 is success, 1 failure, 2 wrong usage.
"""

import importlib
import sys
from typing import Final

import click

COMMANDS: Final = {
    "up": "app.cli.up:up",
    "serve": "app.cli.serve:serve",
    "worker": "app.cli.worker:worker",
    "migrate": "app.cli.migrate:migrate",
    "prepare": "app.cli.prepare:prepare_model",
    "demo": "app.cli.demo:demo",
    "workspace": "app.cli.workspaces:workspace",
    "agent": "app.cli.workspaces:agent",
    "key": "app.cli.keys:key",
    "channel": "app.cli.channels:channel",
    "webhook": "app.cli.webhooks:webhook",
    "deliveries": "app.cli.deliveries:deliveries",
    "import": "app.cli.imports:import_",
    "export": "app.cli.exports:export",
    "rebuild": "app.cli.tickets:rebuild",
    "derive": "app.cli.tickets:derive",
    "replay": "app.cli.replay:replay",
    "reconcile": "app.cli.reconciling:reconcile_",
    "reindex": "app.cli.searching:reindex_command",
    "resolve": "app.cli.resolving:resolve",
    "train": "app.cli.training:train",
    "why": "app.cli.why:why",
    "identity": "app.cli.identity:identity",
    "shared": "app.cli.sharing:shared",
    "quarantine": "app.cli.quarantine:quarantine",
    "erase": "app.cli.erasing:erase",
    "hold": "app.cli.erasing:hold",
    "retention": "app.cli.retention:retention",
    "backup": "app.cli.backups:backup",
    "restore": "app.cli.backups:restore",
    "verify-audit": "app.cli.audit:verify_audit",
    "doctor": "app.cli.doctor:doctor",
    "schema": "app.cli.schema:schema",
}
_SHORT: Final = {
    "up": "Everything in one go: database, server, worker.",
    "serve": "The HTTP server alone.",
    "worker": "The worker alone.",
    "migrate": "Bring the database to this version.",
    "prepare": "Make the model of search by meaning ready.",
    "demo": "Fill an empty desk with a believable shop.",
    "workspace": "Workspaces: one desk's data each.",
    "agent": "The people who work at a desk.",
    "key": "API keys of a workspace.",
    "channel": "Accounts that something comes in through: shops, mailboxes.",
    "webhook": "What goes out to those who subscribed.",
    "deliveries": "Mails on their way out.",
    "import": "Read conversations and orders from files.",
    "export": "Write a workspace's data to stdout.",
    "rebuild": "Compute again what is derived from the ledger.",
    "derive": "The past under another ticket policy.",
    "replay": "The past under other SLA policies.",
    "reconcile": "Files and the search index with what they belong to.",
    "reindex": "Make the search index again, beside the live one.",
    "resolve": "Who is one person by what is known today.",
    "train": "Learn from what is there: who is one person, what a ticket is about.",
    "why": "Why two contacts are, or are not, one customer.",
    "identity": "Who is who: what is linked by itself.",
    "shared": "Values that belong to several people and link nobody.",
    "quarantine": "What could not be understood, with its bytes.",
    "erase": "Take a person out of everything, for ever.",
    "hold": "Legal holds: whom nobody may erase.",
    "retention": "What goes by itself once it is old.",
    "backup": "A copy of everything, taken while the server runs.",
    "restore": "Put a backup in place.",
    "verify-audit": "Compute the audit trail again and compare.",
    "doctor": "Settings, where each came from, and what is wrong.",
    "schema": "The database's schema as SQL.",
}


class _Commands(click.Group):
    """A group that imports a command's module only when that command is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        return getattr(importlib.import_module(module), name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(_SHORT.items()))


@click.command(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="throughline")
def throughline() -> None:
    """Throughline keeps one lifelong thread per customer.

    `throughline up` starts everything in the folder THROUGHLINE_HOME (./.throughline by default);
    `throughline COMMAND --help` explains one command; `throughline doctor` shows the settings.
    """


def main() -> None:
    """The console script."""
    sys.exit(throughline(prog_name="throughline"))


if __name__ == "__main__":
    main()
