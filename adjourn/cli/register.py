"""`adjourn register URL`: tells a sender where to post, as far as it can be told by a program."""

import sys
from dataclasses import asdict, dataclass, replace
from typing import Final
from urllib.parse import urlsplit

import click

from adjourn.cli.output import failed, json_option, print_json, run_async, settings, visible
from adjourn.first_start import program_name
from adjourn.places import shown
from adjourn.senders.registering import Registering
from adjourn.senders.table import SENDERS
from adjourn.sentences import sentence
from adjourn.settings import Settings
from infra.errors import Poison, Retryable


@dataclass(frozen=True, slots=True)
class _Told:
    """`what` goes to `url` by the sender's own word where it `is_set`; it went to `before`: null, nowhere."""

    url: str
    what: str
    by_hand: tuple[str, ...]
    is_set: bool = False
    before: str | None = None
    error: str | None = None


_NOTHING_KNOWN: Final = Registering(lambda settings, url: ())


@click.command()
@click.argument("url", metavar="URL")
@click.option("--provider", type=click.Choice(list(SENDERS)), default=next(iter(SENDERS)), show_default=True)
@click.option("--yes", is_flag=True, help="Do not ask before another URL is replaced.")
@json_option
def register(url: str, provider: str, yes: bool, as_json: bool) -> None:
    """Tell a sender where to post.

    URL is where the world reaches this receiver: https://hooks.example.com, or the whole webhook URL. What
    the sender's API takes is set there, and read back; for the rest it says what to click.
    """
    configured = settings()
    hook = webhook_url_at(url, provider)
    run_async(_register(configured, provider, hook, yes, as_json))


def webhook_url_at(url: str, provider: str) -> str:
    """The whole webhook URL of a provider at a host, or as it is where it is whole already."""
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname:
        raise click.BadParameter("must begin with https:// and name a host.", param_hint="URL")
    if f"/webhooks/{provider}" in parts.path:
        return url
    if "/webhooks/" in parts.path:
        raise click.BadParameter(f"is not where {provider} posts: …/webhooks/{provider}.", param_hint="URL")
    return parts._replace(path=f"{parts.path.rstrip('/')}/webhooks/{provider}").geturl()


async def _register(configured: Settings, provider: str, hook: str, yes: bool, as_json: bool) -> None:
    sender = SENDERS[provider]
    registering = sender.registering or _NOTHING_KNOWN
    told = _Told(hook, registering.of, tuple(registering.by_hand(configured, hook)))
    try:
        told = await _by_api(told, configured, registering, yes)
    except (Poison, Retryable) as error:
        told = replace(told, error=sentence(error))
    if as_json:
        print_json({"provider": provider, **asdict(told)})
    else:
        _print(sender.title, told)
    if told.error:
        raise failed(f"{sender.title} could not be told by its API. {told.error}")


async def _by_api(told: _Told, configured: Settings, registering: Registering, yes: bool) -> _Told:
    opening = registering.by_api(configured)
    if opening is None:
        return told
    async with opening as registration:
        before = await registration.url()
        if before not in (None, told.url) and not yes:
            _ask(told, before or "")
        if before != told.url:
            await registration.set_url(told.url)
        is_set, notes = await registration.url() == told.url, await registration.notes()
        return replace(told, before=before, is_set=is_set, by_hand=(*notes, *told.by_hand))


def _ask(told: _Told, before: str) -> None:
    """Whoever is posted to now would hear nothing any more."""
    now = f"{told.what[:1].upper()}{told.what[1:]} go to {visible(shown(before))} now"
    if not sys.stdin.isatty():
        raise failed(f"{now}, and nobody is here to be asked whether that shall end: add --yes.")
    if not click.confirm(f"{now}. Have them go to {visible(shown(told.url))} instead?", err=True):
        raise failed("Nothing was changed.")


def _print(title: str, told: _Told) -> None:
    url = visible(told.url)
    if told.is_set:
        before = "nowhere" if told.before is None else visible(shown(told.before))
        was = "as before" if told.before == told.url else f"before: {before}"
        click.echo(f"{title}: {told.what} go to {url} ({was}). It was read back.")
    elif not told.error:
        click.echo(f"{title} is to post to {url}")
    if told.by_hand:
        click.echo("What only a person can do:")
        for number, step in enumerate(told.by_hand, 1):
            click.echo(f"  {number}. {step}")
    click.echo(f"Then see that it arrives: {program_name()} check --url {url}")
