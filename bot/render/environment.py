"""Templates with their variables: Jinja2 in a sandbox, where every value that is printed is escaped."""

from __future__ import annotations

import os
import stat
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from bot.errors import TemplateError
from bot.registry.templates import missing, outside, read
from bot.render import escape

if TYPE_CHECKING:
    from bot.manifest import Score

LONGEST = 128 << 20
"""Characters; a page of 200 previewed cards with their pictures has half of that."""

_TOO_MUCH: dict[type[Exception], str] = {
    MemoryError: "it takes more memory than there is; look for a range or a text that is too long",
    RecursionError: "it calls or includes itself without end, or is nested too deeply; take some of it out",
    SyntaxError: "it is nested too deeply; take some of it out",
}
_FAILURES = (
    jinja2.TemplateError,
    TypeError,
    ValueError,
    LookupError,
    ArithmeticError,
    AttributeError,
    AssertionError,
    RuntimeError,
)
"""What a template's own expressions and calls raise."""


def render_template(file: str, variables: Mapping[str, Any], folders: Sequence[Path]) -> str:
    """A template with its variables. TemplateError with file and line when it is missing or broken."""
    try:
        pieces = _environment(tuple(folders)).get_template(file).generate(variables)
        return _bounded(_path(file, folders), pieces)
    except jinja2.TemplateNotFound as error:
        raise TemplateError(missing(str(error.name), folders), place_of(error)) from None
    except jinja2.TemplateSyntaxError as error:
        raise TemplateError(str(error.message), (error.filename or file, error.lineno)) from None
    except (MemoryError, RecursionError, SyntaxError) as error:
        raise _failure(file, folders, error, _TOO_MUCH[_kind(error)]) from None
    except _FAILURES as error:
        raise _failure(file, folders, error, f"{error}; see templates/README.md") from error


def _bounded(file: str, pieces: Iterable[str]) -> str:
    """The text, if it comes to an end: a stranger's template may be a loop that fills the memory."""
    parts: list[str] = []
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > LONGEST:
            raise TemplateError(
                f"{file}: it makes more than {LONGEST >> 20} million characters: look for a loop that goes on too long"
            )
        parts.append(piece)
    return "".join(parts)


def place_of(error: BaseException) -> tuple[str, int] | None:
    """Path and line of a template where rendering it stopped; None before the first line was reached."""
    for frame, line in reversed(list(traceback.walk_tb(error.__traceback__))):
        path = frame.f_code.co_filename
        if path.endswith(".j2"):
            # Jinja has put the templates' own lines into the traceback, but for what is no Exception.
            compiled = frame.f_globals.get("__jinja_template__")
            return path, compiled.get_corresponding_lineno(line) if compiled is not None else line
    return None


def _failure(file: str, folders: Sequence[Path], error: Exception, message: str) -> TemplateError:
    place = place_of(error)
    return TemplateError(message if place else f"{_path(file, folders)}: {message}", place)


def _kind(error: Exception) -> type[Exception]:
    return next(kind for kind in _TOO_MUCH if isinstance(error, kind))


def _path(file: str, folders: Sequence[Path]) -> str:
    return next((str(folder / file) for folder in folders if (folder / file).is_file()), file)


@lru_cache(maxsize=8)
def _environment(folders: tuple[Path, ...]) -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        loader=jinja2.FunctionLoader(lambda file: _load(file, folders)),
        undefined=jinja2.StrictUndefined,
        finalize=_shown,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    # Jinja's own filters that produce markup escape for HTML alone, which a table's `|` would survive.
    for name in ("e", "escape", "forceescape", "safe", "urlize", "xmlattr", "tojson", "mark_safe"):
        environment.filters.pop(name, None)
    environment.filters |= {
        "lines": escape.escape_lines,
        "narrow": escape.escape_narrow,
        "url": escape.escape_url,
        "ours": Markup,
        "date": lambda moment: Markup(moment.date().isoformat()),  # noqa: S704 - digits and hyphens
        "count": lambda number: Markup(f"{number:,}"),  # noqa: S704 - digits and commas
        "fixed": lambda number, digits=3: Markup(f"{number:.{digits}f}"),  # noqa: S704 - digits and a point
        "month": lambda moment: Markup(f"{moment:%b %Y}"),  # noqa: S704 - letters and digits
        "rough": lambda number: Markup(f"{number:,.{0 if number >= 10 else 1}f}"),  # noqa: S704 - digits
        "percent": percent,
        "duration": duration,
        "interval": interval,
    }
    return environment


def _load(file: str, folders: tuple[Path, ...]) -> tuple[str, str, Callable[[], bool]] | None:
    """A template's source, its path, and whether that is still what the folders hold under this name."""
    if outside(file):
        return None
    candidates = [str(folder / file) for folder in folders]
    found = _first(candidates)
    if found is None:
        return None
    path, _ = found
    return read(Path(path)), path, lambda: _first(candidates) == found


def _first(candidates: Sequence[str]) -> tuple[str, int] | None:
    """The first file that is there, with when it was written. Asked for every part of every card: hence no Path."""
    for path in candidates:
        try:
            found = os.stat(path)  # noqa: PTH116 - as above
        except OSError:
            continue
        if stat.S_ISREG(found.st_mode):
            return path, found.st_mtime_ns
    return None


def _shown(value: object) -> Markup:
    if value is None:
        raise ValueError("it prints a value that is None for this model; put an {% if %} around it")
    return escape.escape(value)


def interval(score: Score) -> Markup:
    """The interval of a score's loss; nothing where it was not computed."""
    if score.low is None or score.high is None:
        return Markup()
    return Markup(f"{score.low:.3f}–{score.high:.3f}")  # noqa: S704 - digits, points and a dash


def percent(share: float) -> Markup:
    """A share (0 to 1) as a percentage without needless digits: `0%`, `0.4%`, `12%`; never rounded to 0%."""
    digits = 0 if share == 0 or share >= 0.095 else 1
    text = f"{share:.{digits}%}"
    return Markup("<0.1%" if share > 0 and float(text[:-1]) == 0 else text)  # noqa: S704 - digits


def duration(seconds: float) -> str:
    """A span of time as a person says it: `42 seconds`, `7 minutes`, `3.5 hours`."""
    if seconds < 0.95:
        return "less than a second"
    if seconds < 90:
        rounded = round(seconds)
        return f"{rounded} second{'s' * (rounded != 1)}"
    if seconds < 5400:
        return f"{round(seconds / 60)} minutes"
    return f"{seconds / 3600:.1f} hours"
