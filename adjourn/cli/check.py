"""`adjourn check`: says whether everything configured works."""

from dataclasses import asdict

import click

from adjourn.checks import Finding, check_everything
from adjourn.cli.output import json_option, print_json, run_async, settings
from adjourn.senders.table import SENDERS
from adjourn.settings import Settings


@click.command()
@click.option("--sweep", is_flag=True, help="Also remove what killed processes left of their uploads.")
@click.option("--url", help="Instead, post a signed event there and see that it arrives in the log.")
@click.option("--provider", type=click.Choice(list(SENDERS)), help="Whose event: by the URL, else the first.")
@json_option
@click.pass_context
def check(context: click.Context, sweep: bool, url: str | None, provider: str | None, as_json: bool) -> None:
    """Say whether everything configured works.

    With --url, whether the world can reach it: an event that is signed as its sender would goes there, and is
    watched for in the log. Exits 1 when something needs attention.
    """
    configured = settings()
    if url is None:
        findings = run_async(_findings(configured, sweep))
    else:
        from adjourn.arriving import check_arrival

        findings = list(run_async(check_arrival(configured, url, provider or _provider_in(url))))
    for finding in findings:
        if as_json:
            print_json(asdict(finding))
        elif finding.well:
            click.echo(f"{click.style('well', fg='green')}   {finding.text}")
        else:
            click.echo(f"{click.style('wrong', fg='red')}  {finding.text}", err=True)
    if not all(finding.well for finding in findings):
        context.exit(1)
    if not as_json:
        click.echo("All is well.")


def _provider_in(url: str) -> str:
    return next((name for name in SENDERS if f"/webhooks/{name}" in url), next(iter(SENDERS)))


async def _findings(configured: Settings, sweep: bool) -> list[Finding]:
    return [finding async for finding in check_everything(configured, sweep=sweep)]
