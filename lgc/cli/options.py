"""Click's options, made from the fields of requests: one description of a setting serves the flags and Python alike."""

from __future__ import annotations

import functools
import typing
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from lgc.cli.output import OutputOptions
from lgc.driver.request import Described, described, flag_of, must_be_given
from lgc.errors import OptionError

Command = Callable[..., Any]
Settings = dict[str, Described]
_FORMER = "former_"


class _Grouped(click.Option):
    """An option that the help lists under a heading."""

    def __init__(self, *flags: Any, group: str = "", **more: Any) -> None:
        super().__init__(*flags, **more)
        self.group = group


class _Bare(_Grouped):
    """An option that may be given without its value, which is the path of a .json file."""


def _is_json(rest: list[str]) -> bool:
    """Whether the next word of a command line is the path of a .json file."""
    return bool(rest) and rest[0].lower().endswith(".json") and not rest[0].startswith("-")


class HelpNames:
    """A command whose help is -h and --help, whichever context asks first: click remembers that one's names."""

    def get_help_option_names(self, ctx: click.Context) -> list[str]:
        """See click."""
        del ctx
        return ["-h", "--help"]


class PlainCommand(HelpNames, click.Command):
    """A command without a request."""


class RequestCommand(HelpNames, click.Command):
    """A command whose help has its options in groups, and examples at its end."""

    examples: Sequence[str] = ()

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """See click: `--json model.pt` is the flag alone and an argument, for JSON goes to a file that says so."""
        bare = {flag: one.flag_value for one in self.get_params(ctx) if isinstance(one, _Bare) for flag in one.opts}
        return super().parse_args(ctx, [f"{word}={bare[word]}" if word in bare and not _is_json(args[at + 1:]) else word
                                        for at, word in enumerate(args)])  # fmt: skip

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """See click: a section a group, those without one first."""
        groups: dict[str, list[tuple[str, str]]] = {"": []}
        for one in (one for one in self.get_params(ctx) if isinstance(one, click.Option)):
            record = one.get_help_record(ctx)
            if record is not None:
                groups.setdefault(getattr(one, "group", ""), []).append(record)
        for heading, rows in groups.items():
            with formatter.section(heading or "Options"):
                formatter.write_dl(rows)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """See click: the examples, as they are typed."""
        del ctx
        if self.examples:
            with formatter.section("Examples"):
                for line in self.examples:
                    formatter.write(f"{'':{formatter.current_indent}}{line}\n")


def request_command(
    name: str,
    *requests: type,
    settings: type | Settings | None = None,
    examples: Sequence[str] = (),
    kind: type[RequestCommand] = RequestCommand,
) -> Callable[[Command], click.Command]:
    """A command with the options of requests, of which the function gets one each, in order, before its own options.

    Args:
        settings: a class whose fields are options too, or such settings by name; those given reach the function as a
            dictionary, ``settings``.
        examples: command lines, with comments behind them.
        kind: of the command.
    """

    def decorate(function: Command) -> click.Command:
        made = click.command(name, cls=kind)(_with_options(function, requests, settings))
        assert isinstance(made, RequestCommand)
        made.examples = examples
        return made

    return decorate


def _with_options(function: Command, requests: Sequence[type], settings: type | Settings | None) -> Command:
    fields = [_described(one, requests) for one in requests]
    names = {name: one for group in fields for name, one in group.items()}
    more = described(settings) if isinstance(settings, type) else settings or {}
    loose = {name: one for name, one in more.items() if name not in names}

    @functools.wraps(function)
    def call(**values: Any) -> Any:
        notes: list[str] = []
        if settings is not None:
            values["settings"] = _given(loose, values, notes)
        given = _given(names, values, notes)
        built = [
            kind(**{name: given[name] for name in own if name in given})
            for kind, own in zip(requests, fields, strict=True)
        ]
        result = function(*built, **values)
        for note in notes:  # last: an error is one paragraph
            click.echo(note, err=True)
        return result

    wrapped: Command = call
    for one in reversed([*names.values(), *loose.values()]):
        wrapped = _parameter(one)(wrapped)
    return wrapped


def _described(kind: type, requests: Sequence[type]) -> Settings:
    """The settings of a request; those about output are the command's, where it has them."""
    taken = described(OutputOptions) if OutputOptions in requests and kind is not OutputOptions else {}
    return {name: one for name, one in described(kind).items() if name not in taken}


def _given(names: dict[str, Described], values: dict[str, Any], notes: list[str]) -> dict[str, Any]:
    """The settings that were given, taken out of click's values; former flags under their new names."""
    found = {name: value for name in names if (value := values.pop(name)) not in (None, ())}
    for name, one in names.items():
        for index, flag in enumerate(one.setting.former):
            value = values.pop(f"{_FORMER}{name}_{index}")
            if value in (None, ()):
                continue
            if name in found:
                raise OptionError(f"{flag} is the former name of {flag_of(one)}, and both are given", hint="Give one")
            notes.append(f"lgc: {flag} is now {flag_of(one)}; the former name goes with the next release")
            found[name] = value
    return found


def _parameter(one: Described) -> Callable[[Command], Command]:
    """The argument or option of a setting, with its former flags."""
    if one.setting.flags and not one.setting.flags[0].startswith("-"):
        required = must_be_given(one)
        metavar = one.setting.flags[0] if required else f"[{one.setting.flags[0]}]"
        count = -1 if one.several else 1
        return click.argument(one.name, metavar=metavar, type=_type(one), required=required, nargs=count)

    def decorate(command: Command) -> Command:
        for index, flag in enumerate(one.setting.former):
            former = {"type": _type(one), "hidden": True, "multiple": _repeats(one)}
            command = click.option(flag, f"{_FORMER}{one.name}_{index}", **former)(command)
        return _option(one)(command)

    return decorate


def _option(one: Described) -> Callable[[Command], Command]:
    setting = one.setting
    more: dict[str, Any] = {"group": setting.group, "cls": _Grouped, "default": None, "help": _help(one)}
    more |= {"envvar": setting.envvar} if setting.envvar else {}
    dashed = one.name.replace("_", "-")
    if one.kind is bool and one.optional:
        return click.option(*(setting.flags or (f"--{dashed}/--no-{dashed}",)), one.name, **more)
    if one.kind is bool:  # one that is on by default has a flag that turns it off
        flags = setting.flags or (f"--no-{dashed}" if one.default is True else f"--{dashed}",)
        return click.option(*flags, one.name, is_flag=True, flag_value=one.default is not True, **more)
    more |= {"metavar": setting.metavar} if setting.metavar else {}
    more |= {"cls": _Bare, "is_flag": False, "flag_value": setting.bare} if setting.bare else {}
    more |= {"type": _type(one), "multiple": _repeats(one), "required": must_be_given(one)}
    if must_be_given(one):
        del more["default"]  # to click None is a value, and an option that has one is not missing
    return click.option(*(setting.flags or (f"--{dashed}",)), one.name, **more)


def _repeats(one: Described) -> bool:
    """Whether the option may be given several times."""
    return one.several or any(typing.get_origin(kind) is tuple for kind in typing.get_args(one.kind))


def _help(one: Described) -> str:
    default = one.setting.shown
    if not default and one.kind is not bool and one.default not in (None, "", ()) and not must_be_given(one):
        default = ", ".join(map(str, one.default)) if isinstance(one.default, tuple) else str(one.default)
    return one.setting.help + (f"  [default: {default}]" if default else "")


def _type(one: Described) -> Any:
    """A click type for a type of Python."""
    setting, kind = one.setting, one.kind
    if typing.get_origin(kind) is typing.Union:
        return _number_or_word if float in typing.get_args(kind) else str
    if one.choices:
        return click.Choice(one.choices)
    if kind is int:
        return click.IntRange(setting.low, setting.high) if setting.low is not None else int  # type: ignore[arg-type]
    if kind is float:
        low = setting.low if setting.above is None else setting.above
        return click.FloatRange(low, setting.high, min_open=setting.above is not None) if low is not None else float
    return click.Path(path_type=Path) if kind in (Path, Any) else kind


def _number_or_word(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


_number_or_word.__name__ = "float or word"  # as the help shows it
