"""The command line. Each command is a question or a request to the API server, by the rights of whoever asks."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import yaml
from rich.console import Console
from rich.live import Live

from kubectl_tenant import objects, programs, show
from kubectl_tenant.tenants import TenantError, Tenants, namespace_of
from tenant_operator import build
from tenant_operator.kube import client
from tenant_operator.kube.client import ApiError, Manifest

DIFFERENT = 1
FAILED = 2
"""The exit codes of `diff` are those of `kubectl diff`."""

CHANGED = re.compile(r"\bchanged=[1-9]")

OPERATOR = "deployment/tenant-operator"

EPILOG = "Exit codes: 0 done, 1 not done (of diff: there are differences), 2 wrong usage (of diff: it failed)."


class Context:
    """What all commands share: the Tenants, once somebody asks for them, and the terminal."""

    def __init__(self, name: str | None, kubeconfig: str | None, namespace: str):
        self.name = name
        self.kubeconfig = kubeconfig
        self.namespace = namespace
        self.console = Console(highlight=False, soft_wrap=True)
        self._tenants: Tenants | None = None

    @property
    def tenants(self) -> Tenants:
        """The Tenants of the cluster."""
        if self._tenants is None:
            self._tenants = Tenants(client.connect(self.name, self.kubeconfig))
        return self._tenants

    def kubectl(self, *arguments: str) -> int:
        """Run kubectl on the same cluster. Return its exit code."""
        return programs.kubectl(*(("--context", self.name) if self.name else ()), *arguments)

    def operator(self, *arguments: str) -> int:
        """Run the operator's own command in its pod. Return its exit code."""
        return self.kubectl("exec", "--namespace", self.namespace, OPERATOR, "--", "tenant-operator", *arguments)


pass_context = click.make_pass_decorator(Context)
output = click.option("-o", "--output", type=click.Choice(show.FORMATS), default="table", help="How it is shown.")
names = click.argument("names", nargs=-1)
selector = click.option("-l", "--selector", default="", help="Those with these labels.")
every = click.option("--all", "every", is_flag=True, help="All of them.")
wait = click.option("--wait", is_flag=True, help="Wait until it is done.")
timeout = click.option("--timeout", type=click.FloatRange(min=0), default=300, show_default=True, help="In seconds.")


class Group(click.Group):
    """Commands whose errors are one line that says what is wrong."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except (ApiError, TenantError) as error:
            raise click.ClickException(str(error)) from None


@click.group(cls=Group, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--kubeconfig", type=click.Path(exists=True), help="The kubeconfig, in place of KUBECONFIG.")
@click.option("--context", help="The context of the kubeconfig.")
@click.option("-n", "--operator-namespace", default="neurallog-system", show_default=True, help="The operator's own.")
@click.version_option(message=build.info())
@click.pass_context
def main(ctx: click.Context, kubeconfig: str | None, context: str | None, operator_namespace: str) -> None:
    """Look at tenants, and ask things of them."""
    # The programs that are run here read these.
    if kubeconfig:
        os.environ["KUBECONFIG"] = os.environ["K8S_AUTH_KUBECONFIG"] = kubeconfig
    if context:
        os.environ["K8S_AUTH_CONTEXT"] = context
    ctx.obj = Context(context, kubeconfig, operator_namespace)


@main.command("list")
@selector
@output
@click.option("-w", "--watch", is_flag=True, help="Show it anew whenever something changes.")
@pass_context
def list_tenants(context: Context, selector: str, output: str, watch: bool) -> None:
    """Show all tenants, with what holds each back."""
    if watch and output != "table":
        raise click.UsageError("--watch shows a table: leave out --output")
    if watch:
        _watch(context, selector)
    elif output == "table":
        context.console.print(show.table(context.tenants.all(selector)))
    else:
        click.echo(show.as_text(context.tenants.all(selector), output))


def _watch(context: Context, selector: str) -> None:
    """Show the table, and again after each change, until somebody interrupts it."""
    with Live(console=context.console, auto_refresh=False) as live:
        for tenants in context.tenants.watch(selector):
            live.update(show.table(tenants), refresh=True)


@main.command()
@click.argument("name")
@output
@pass_context
def describe(context: Context, name: str, output: str) -> None:
    """Show a tenant with its conditions, and its objects by component."""
    tenant = context.tenants.get(name)
    if output != "table":
        click.echo(show.as_text([tenant], output))
        return
    context.console.print(show.whole(tenant, objects.of(context.tenants.connection, namespace_of(tenant))))


@main.command()
@names
@selector
@every
@pass_context
def diff(context: Context, names: Sequence[str], selector: str, every: bool) -> None:
    """Show what a reconcile would change now, by your rights. Nothing is changed."""
    code, said = programs.differences(context.tenants.chosen(names, selector=selector, every=every))
    click.echo(said, nl=False)
    sys.exit(FAILED if code else DIFFERENT if CHANGED.search(said) else 0)


@main.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@pass_context
def validate(context: Context, files: Sequence[Path]) -> None:
    """Ask the API server whether it would accept the Tenants of these files. Nothing is changed."""
    refused = 0
    for file in files:
        for number, manifest in enumerate(filter(None, yaml.safe_load_all(file.read_text())), start=1):
            name = (manifest.get("metadata") or {}).get("name") or f"document {number}"
            error = context.tenants.check(manifest)
            refused += bool(error)
            click.echo(f"{file}: {name}: {error or 'accepted'}")
    sys.exit(1 if refused else 0)


def _request(name: str, annotation: str, meaning: str) -> None:
    """Make the command that asks for something by an annotation."""

    @main.command(name, help=f"{meaning} The operator does it.")
    @names
    @selector
    @every
    @wait
    @timeout
    @pass_context
    def command(
        context: Context, *, names: Sequence[str], selector: str, every: bool, wait: bool, timeout: float
    ) -> None:
        chosen = context.tenants.chosen(names, selector=selector, every=every)
        asked = [(each, context.tenants.ask_for(each["metadata"]["name"], annotation)) for each in chosen]
        for tenant, value in asked:
            if wait:
                context.tenants.wait(tenant["metadata"]["name"], annotation, value, timeout)
            click.echo(f"{tenant['metadata']['name']}: {'done' if wait else 'asked for'}")


_request("reconcile", "neurallog.io/reconcile-now", "Apply all of a tenant now.")
_request("restart", "neurallog.io/restart", "Replace the pods of a tenant, a few at a time.")
_request("backup", "neurallog.io/backup-now", "Back up a tenant now.")


def _change(name: str, meaning: str, patch: Manifest, said: str) -> None:
    """Make the command that changes a field."""

    @main.command(name, help=meaning)
    @names
    @selector
    @every
    @pass_context
    def command(context: Context, names: Sequence[str], selector: str, every: bool) -> None:
        for tenant in context.tenants.chosen(names, selector=selector, every=every):
            context.tenants.change(tenant["metadata"]["name"], patch)
            click.echo(f"{tenant['metadata']['name']}: {said}")


_change("pause", "Leave a tenant as it is until it is resumed.", {"spec": {"paused": True}}, "paused")
_change("resume", "Work on a paused tenant again.", {"spec": {"paused": False}}, "resumed")


confirmed = click.option("--yes", is_flag=True, help="Do not ask.")
CONFIRMED = ("--extra-vars", "confirm=true")


@main.command()
@click.argument("name")
@click.argument("backup")
@confirmed
@pass_context
def restore(context: Context, name: str, backup: str, yes: bool) -> None:
    """Bring a tenant back to a backup, such as status.backup.lastBackupName. It runs here, by your rights."""
    options = ("--extra-vars", f"restore_from={backup}", *(CONFIRMED if yes else ()))
    sys.exit(programs.playbook("restore", [context.tenants.get(name)], *options))


@main.command("rotate-password")
@click.argument("name")
@pass_context
def rotate_password(context: Context, name: str) -> None:
    """Make another password for a tenant's Redis. It runs here, by your rights."""
    sys.exit(programs.playbook("rotate_password", [context.tenants.get(name)]))


@main.command()
@click.argument("resource", default="")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="How many at most.")
@click.option("-o", "--output", type=click.Choice(("text", "json")), default="text", help="How they are shown.")
@pass_context
def runs(context: Context, resource: str, limit: int, output: str) -> None:
    """Show what the operator did last, and why."""
    sys.exit(context.operator("runs", *filter(None, [resource]), "--limit", str(limit), "--output", output))


@main.command()
@click.argument("number", type=click.IntRange(min=1))
@click.option("-o", "--output", type=click.Choice(("text", "json")), default="text", help="How it is shown.")
@pass_context
def run(context: Context, number: int, output: str) -> None:
    """Show a run with its tasks and each field that it changed."""
    sys.exit(context.operator("run", str(number), "--output", output))


@main.command()
@click.argument("name")
@click.option("-c", "--component", default="", help="Such as redis, server or backup.")
@click.option("-f", "--follow", is_flag=True, help="Go on with what is said from now on.")
@click.option("--tail", type=int, default=50, show_default=True, help="Lines of each container.")
@pass_context
def logs(context: Context, name: str, component: str, follow: bool, tail: int) -> None:
    """Show what a tenant's pods say."""
    namespace = namespace_of(context.tenants.get(name))
    chosen = f"neurallog.io/tenant={name}" + (f",{objects.COMPONENT}={component}" if component else "")
    options = ["--all-containers", "--prefix", f"--tail={tail}", *(["--follow"] if follow else [])]
    sys.exit(context.kubectl("logs", "--namespace", namespace, "--selector", chosen, *options))
