"""Where a study is kept: Optuna's storage by its URL, whose secrets nobody prints."""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlsplit

from lgc.errors import InputError, LgcError, MissingToolError, ToolError
from lgc.tools.find import missing

if TYPE_CHECKING:
    from optuna.storages import RDBStorage

HIDDEN = "***"
VARIABLE = "LGC_SWEEP_STORAGE"
_SECRET = re.compile(r"((?:password|passwd|pwd|token|secret|key)=)[^&\s]*", re.IGNORECASE)


def masked(url: str) -> str:
    """A URL without its password, and without what its query calls secret."""
    try:
        password = urlsplit(url).password
    except ValueError:
        return HIDDEN
    found = url.replace(f":{password}@", f":{HIDDEN}@", 1) if password else url
    return _SECRET.sub(rf"\1{HIDDEN}", found)


def has_secret(url: str) -> bool:
    """Whether a URL says what must not be written down."""
    return masked(url) != url


def without_secrets(text: str, url: str) -> str:
    """A message that may quote the URL, or its password."""
    text = text.replace(url, masked(url))
    secrets = [match.split("=", 1)[1] for match in (one[0] for one in _SECRET.finditer(url))]
    with suppress(ValueError):
        secrets += [urlsplit(url).password or ""]
    for secret in secrets:
        for form in {secret, unquote(secret), quote(unquote(secret), safe="")} - {""}:
            text = text.replace(form, HIDDEN)
    return _SECRET.sub(rf"\1{HIDDEN}", text)


@contextmanager
def quiet() -> Iterator[None]:
    """What Optuna prints, and warns of what is new in it, is not for users of lgc."""
    try:
        import optuna
    except ImportError:
        raise missing("optuna", "lgc sweep") from None
    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        optuna.logging.set_verbosity(level)


@contextmanager
def database_errors(url: str) -> Iterator[None]:
    """What a database reports becomes one sentence without secrets.

    Raises:
        ToolError: the database does not answer, or refuses.
        MissingToolError: the package that speaks with it is not installed.
    """
    try:
        yield
    except LgcError:
        raise
    except ImportError as error:
        name = getattr(error, "name", "") or "its driver"
        raise MissingToolError(
            f"{masked(url)} needs the package {name}, which is not installed",
            hint="For PostgreSQL: install psycopg[binary], and begin the URL with postgresql+psycopg://",
        ) from None
    except Exception as error:  # SQLAlchemy, its drivers and Optuna have trees of their own
        if not _of_database(error):
            raise
        lines = without_secrets(str(error), url).strip().splitlines() or [type(error).__name__]
        raise ToolError(
            f"the study's database fails: {lines[0][:300]}",
            where=masked(url),
            hint="Check that it is there and lets you in; what was done is kept, and --resume goes on",
        ) from None


def _of_database(error: BaseException) -> bool:
    places = ("sqlalchemy", "optuna.storages", "optuna.exceptions", "sqlite3", "psycopg", "pymysql", "alembic")
    return type(error).__module__.startswith(places)


def check_storage(url: str) -> None:
    """Find out early that a database is not there.

    Raises:
        LgcError: see :func:`open_storage`.
    """
    with quiet():
        storage = open_storage(url)
    storage.remove_session()
    storage.engine.dispose()


def open_storage(url: str) -> RDBStorage:
    """Optuna's storage.

    Raises:
        InputError: this is no such URL.
        ToolError: see :func:`database_errors`.
    """
    import optuna
    from sqlalchemy.exc import ArgumentError, NoSuchModuleError

    options: dict[str, Any] = {"connect_args": {"timeout": 60}} if url.startswith("sqlite") else {"pool_pre_ping": True}
    with database_errors(url):
        try:
            return optuna.storages.RDBStorage(url, engine_kwargs=options)
        except (ArgumentError, NoSuchModuleError, ValueError):
            raise InputError(
                "this is no URL of a database that SQLAlchemy knows",
                where=masked(url),
                hint="Write postgresql+psycopg://USER:PASSWORD@HOST/DATABASE or sqlite:///FILE",
            ) from None
