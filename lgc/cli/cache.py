"""`lgc cache`: what is built once and kept."""

from __future__ import annotations

import click

from lgc.cli.options import HelpNames, request_command
from lgc.cli.output import OutputOptions
from lgc.driver.cache import CacheClear, CacheInfo, CacheRequest, CacheVerify

_EXIT_DAMAGED = 3


class _Cache(HelpNames, click.Group):
    """The commands about the cache."""


@click.group(cls=_Cache)
def cache() -> None:
    """Show, check and clear what lgc builds once and keeps, in $LGC_CACHE or the user's cache folder."""


def _add(name: str, request: type[CacheRequest]) -> None:
    def command(asked: CacheRequest, output: OutputOptions) -> None:
        import lgc.driver.cache as driver

        result = output.run(lambda asked, _: getattr(driver, name)(asked), asked)
        if name == "verify" and result.problems:
            raise click.exceptions.Exit(_EXIT_DAMAGED)

    command.__doc__ = request.__doc__
    cache.add_command(request_command(name, request, OutputOptions)(command))


for _name, _request in (("info", CacheInfo), ("verify", CacheVerify), ("clear", CacheClear)):
    _add(_name, _request)
