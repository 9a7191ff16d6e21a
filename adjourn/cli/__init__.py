"""The command line: the table of commands. A command's module is imported when it is called, not before."""

import importlib
from dataclasses import dataclass
from typing import Final

import click


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a command is, as `module:attribute`, and what `adjourn --help` says of it."""

    place: str
    summary: str


COMMANDS: Final = {
    "run": Entry("adjourn.cli.run:run", "Receive webhooks and work on them, in one process."),
    "receive": Entry("adjourn.cli.run:receive", "Only receive webhooks."),
    "consume": Entry("adjourn.cli.run:consume", "Only work on what was received."),
    "setup": Entry("adjourn.cli.setup:setup", "Create what is missing; safe to repeat."),
    "check": Entry("adjourn.cli.check:check", "Say whether everything configured works."),
    "register": Entry("adjourn.cli.register:register", "Tell a sender where to post."),
    "send": Entry("adjourn.cli.send:send", "Send a sample event, signed as its provider would."),
    "demo": Entry("adjourn.demo:command", "Watch the whole way once, on a real recording."),
    "meetings": Entry("adjourn.cli.meetings:meetings", "List meetings, newest first."),
    "meeting": Entry("adjourn.cli.meetings:meeting", "Show a meeting: state, timeline, files, failures."),
    "transcript": Entry("adjourn.cli.transcripts:transcript", "Print a transcript: text, vtt, srt or json."),
    "summary": Entry("adjourn.cli.summary:summary", "Print the summary of a meeting: Markdown."),
    "retranscribe": Entry(
        "adjourn.cli.retranscribe:retranscribe", "Have a transcript made once more by the meeting's sender."
    ),
    "search": Entry("adjourn.cli.transcripts:search", "Find what was said, in all meetings."),
    "tail": Entry("adjourn.cli.tail:tail", "Print the records of a topic."),
    "dead-letters": Entry("adjourn.cli.dead_letters:dead_letters", "Show what failed, and why."),
    "verify": Entry("adjourn.cli.verify:verify", "Read every stored file again: is it what it was?"),
    "forget": Entry("adjourn.cli.forget:forget", "Remove a meeting: its files, and all that is known of it."),
    "reconcile": Entry(
        "adjourn.cli.reconcile:reconcile", "Compare with the providers, and fetch what never came."
    ),
    "replay": Entry("adjourn.cli.replay:replay", "Try again what failed."),
}


class _Commands(click.Group):
    """click asks a group for its commands by these three methods; inheriting is its way to answer lazily."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        importlib.import_module("adjourn.logs")  # before anything else imports structlog, see there
        module, _, attribute = entry.place.partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in COMMANDS.items()])


@click.command(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="adjourn", message="adjourn %(version)s")
def program() -> None:
    """What happens after a meeting ends: webhooks in, recordings and transcripts out.

    `adjourn run` does everything on one machine. Settings are environment variables or lines
    of .env in the working directory; .env.example lists them.
    """
