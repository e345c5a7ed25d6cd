"""`lgc bench`: measurements, as the tables of docs/benchmarks.md and docs/hardware.md."""

from __future__ import annotations

import click

from lgc.cli.options import HelpNames, request_command
from lgc.cli.output import OutputOptions
from lgc.driver.bench import BENCHMARKS, BenchRequest

_FORMER = {f"--{name}": name for name in ("head", "hardware", "infer", "train")}


class _Benchmarks(HelpNames, click.Group):
    """Takes the flags that the subcommands once were, and says what they are now."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        former = next((flag for flag in _FORMER if flag in args), None)
        bare = not args or (args[0].startswith("-") and args[0] not in ("-h", "--help"))
        if former:
            name = _FORMER[former]
            args = [name, *(word for word in args if word != former)]
            self._told(f"lgc bench {former}", f"lgc bench {name}")
        elif bare:
            args = ["compile", *args]
            self._told("lgc bench alone", "lgc bench compile")
        return super().parse_args(ctx, args)

    def _told(self, old: str, new: str) -> None:
        click.echo(f"lgc: {old} is now {new}; the former way goes with the next release", err=True)


@click.group(cls=_Benchmarks)
def bench() -> None:
    """Measure lgc on this machine, and print tables in markdown."""


def _add(name: str, request: type[BenchRequest]) -> None:
    def command(asked: BenchRequest, output: OutputOptions) -> None:
        import lgc.driver.bench as driver

        output.check(asked)
        with output.progress() as told:
            measured = driver.bench(asked, told)
            for line in measured:  # as they are known: a benchmark may take an hour
                output.console.print(line, soft_wrap=True)
        output.write(measured.as_json())

    command.__doc__ = request.__doc__
    bench.add_command(request_command(name, request, OutputOptions)(command))


for _name, _request in BENCHMARKS.items():
    _add(_name, _request)
