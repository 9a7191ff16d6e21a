"""`adjourn check`: says whether everything configured works."""

from dataclasses import asdict

import click

from adjourn.checks import Finding, check_everything
from adjourn.cli.output import json_option, print_json, run_async, settings
from adjourn.settings import Settings


@click.command()
@click.option("--sweep", is_flag=True, help="Also remove what killed processes left of their uploads.")
@json_option
@click.pass_context
def check(context: click.Context, sweep: bool, as_json: bool) -> None:
    """Say whether everything configured works.

    Exits 1 when something needs attention.
    """
    findings = run_async(_findings(settings(), sweep))
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


async def _findings(configured: Settings, sweep: bool) -> list[Finding]:
    return [finding async for finding in check_everything(configured, sweep=sweep)]
