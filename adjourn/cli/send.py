"""`adjourn send`: a sample event to the receiver, signed as its provider would."""

import time

import click

from adjourn import samples
from adjourn.cli.output import failed, json_option, print_json, run_async, settings
from adjourn.first_start import webhook_url
from adjourn.media_server import serve_media
from adjourn.places import require_existing
from adjourn.senders.table import SENDERS
from adjourn.sending import can_be_signed, channel_of, post, promised_by, signed_headers, with_links_to
from adjourn.settings import Settings
from infra.links.addresses import is_allowed, parse_address, parse_allowed


@click.command()
@click.argument("name", metavar="[SAMPLE]", required=False)
@click.option("--url", help="Where to post; the receiver of this folder's settings otherwise.")
@click.option("--media", is_flag=True, help="Also serve the files that it links to, and wait for them.")
@click.option("--links-to", metavar="URL", help="The server to which its links lead instead.")
@click.option("--list", "only_list", is_flag=True, help="List the samples.")
@json_option
def send(
    name: str | None, url: str | None, media: bool, links_to: str | None, only_list: bool, as_json: bool
) -> None:
    """Send a sample event, signed as its provider would.

    SAMPLE is one of --list; without one, a finished meeting. The first secret of the settings signs it.
    """
    if only_list:
        for each in samples.names():
            if as_json:
                print_json({"name": each})
            else:
                click.echo(each)
        return
    configured = settings()
    sample = _chosen(name, configured) if name else _default(configured)
    usual_url = webhook_url(configured, sample.provider) + channel_of(sample).path(configured)
    if media and links_to:
        raise click.UsageError("With --media its links lead to this machine: leave out --links-to.")
    run_async(_send(configured, sample, url or usual_url, media, links_to, as_json))


async def _send(
    configured: Settings, sample: samples.Sample, url: str, media: bool, links_to: str | None, as_json: bool
) -> None:
    if not media:
        body = with_links_to(sample, links_to) if links_to else sample.body
        await _post(configured, sample, body, url, as_json)
        return
    # Only now: what opens the database takes longer to import than all the rest to run.
    from adjourn.cli.arrival import arrival_of

    require_existing(configured.database_url)
    _require_local_downloads(configured)
    async with serve_media(*samples.linked_folders()) as base_url:
        body = with_links_to(sample, base_url)
        began_ms = time.time() * 1000
        await _post(configured, sample, body, url, as_json)
        promise = promised_by(sample, body, summarised=configured.summary == "extractive")
        if promise is not None:
            await arrival_of(promise, configured, began_ms, as_json)


async def _post(configured: Settings, sample: samples.Sample, body: bytes, url: str, as_json: bool) -> None:
    answer = await post(url, body, signed_headers(sample, body, configured))
    if answer.status >= 400:
        raise failed(f"{sample.name} was answered {answer.status}: {_why(answer.status, answer.body)}")
    if as_json:
        print_json({"sample": sample.name, "http_status": answer.status, **answer.body})
    else:
        told = answer.body.get("id") or answer.body.get("errors")
        click.echo(f"{sample.name}  {answer.status} {answer.body.get('status')}  {told}")


def _chosen(wanted: str, configured: Settings) -> samples.Sample:
    """The end of a name stands for the whole where we can sign no other sample of that end."""
    found = [samples.read(name) for name in samples.called(wanted)]
    if not found:
        raise click.UsageError(f"There is no sample {wanted}: see `adjourn send --list`.")
    signable = [sample for sample in found if can_be_signed(channel_of(sample), configured)]
    if len(found) > 1 and len(signable) != 1:
        names = " or ".join(sample.name for sample in found)
        raise click.UsageError(f"There are several samples {wanted}: say {names}.")
    return (signable or found)[0]


def _default(configured: Settings) -> samples.Sample:
    for provider, sender in SENDERS.items():
        for name, channel in sender.channels.items():
            if can_be_signed(channel, configured):
                return samples.read(f"{provider}/{name}/{channel.sample}")
    raise failed("No secret is set, so nothing can be signed: the first `adjourn run` writes a .env.")


def _require_local_downloads(configured: Settings) -> None:
    here = parse_address("127.0.0.1")
    if not is_allowed(here, parse_allowed(configured.download_allow)):
        raise failed(
            "With --media, files are downloaded from this machine itself, and that is not allowed now. Put "
            "ADJOURN_DOWNLOAD_ALLOW=127.0.0.1 into .env and start Adjourn again; take it out before "
            "strangers can reach the receiver. `make demo` shows the same without that."
        )


def _why(status: int, body: object) -> str:
    detail = body.get("detail") if isinstance(body, dict) else None
    advice = {
        401: "It runs with other secrets than those here: start it again after .env has changed.",
        404: "It runs without a secret for this sender: start it again after .env has changed.",
    }
    return advice.get(status) or str(detail or "see what `adjourn run` says.")
