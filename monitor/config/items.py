"""One item of the document → a checked model, or every problem in it with its line and column."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import TypeVar

from pydantic import BaseModel, RootModel, ValidationError
from pydantic_core import ErrorDetails

from monitor.config import keys
from monitor.config.yaml_positions import Node
from monitor.errors import Problem
from monitor.text import one_line

Model = TypeVar("Model", bound=BaseModel)

NOTHING = Node(None, 0, 0)  # a section that is not written


@dataclass(slots=True)
class Findings:
    """What is wrong (the file cannot be used), what is doubtful (it can), and where each rule stands."""

    errors: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    rule_places: dict[str, tuple[int, int]] = field(default_factory=dict)  # line and column, by name

    def error(self, node: Node, path: str, message: str, *, column: int | None = None) -> None:
        """Something that must be put right; `column` where it lies inside the node."""
        self.errors.append(_problem(node.line, column or node.column, path, message))

    def warn(self, node: Node, path: str, message: str) -> None:
        """Something that is allowed and yet probably not meant."""
        self.warnings.append(_problem(node.line, node.column, path, message))


def _problem(line: int, column: int, path: str, message: str) -> Problem:
    # A key may hold anything; what we print of it stays on one line.
    return Problem(line=line, column=column, path=one_line(path, 200), message=one_line(message, 1000))


def items(root: Node, name: str, found: Findings) -> Iterator[tuple[str, Node]]:
    """The items of a list section, each with its path. An empty section holds none."""
    node = root.entries.get(name, NOTHING)
    if node.value is None:
        return
    if not isinstance(node.value, list):
        found.error(node, name, 'write a list, each item on a line of its own that begins with "- "')
        return
    for index, item in enumerate(node.items):
        yield f"{name}[{index}]", item


def named(
    root: Node, section: str, name_type: type[RootModel[str]], found: Findings
) -> Iterator[tuple[str, str, Node]]:
    """The items of a mapping section whose names are right: name, path, node."""
    node = root.entries.get(section, NOTHING)
    if node.value is None:
        return
    if not isinstance(node.value, dict):
        found.error(node, section, "write a name, a colon and what it stands for, such as desk: {…}")
        return
    for name, item in node.entries.items():
        # A key is its text, whatever a value of that spelling would be.
        if read(name_type, replace(node.keys[name], value=name), f"{section}.{name}", found) is not None:
            yield name, f"{section}.{name}", item


def read(model: type[Model], node: Node, path: str, found: Findings) -> Model | None:
    """The node as `model`; None when something in it is wrong, and then `found` has all of it."""
    try:
        return model.model_validate(node.value)
    except ValidationError as error:
        for each in error.errors(include_url=False, include_input=False):
            _report(each, model, node, path, found)
        return None


def _report(error: ErrorDetails, model: type[BaseModel], node: Node, path: str, found: Findings) -> None:
    """One of pydantic's errors in our words, at its place in the file."""
    loc = tuple(error["loc"])
    place = node.at(loc)
    if loc and loc[-1] == "[key]":  # what is wrong is a mapping's own key
        loc = loc[:-1]
        place = node.at(loc[:-1]).keys[str(loc[-1])]
    path += _dotted(loc)
    context = error.get("ctx", {})
    match error["type"]:
        case "value_error":
            message = str(context["error"])
        case "extra_forbidden":
            key = str(loc[-1])
            place = node.at(loc[:-1]).keys[key]
            message = unknown_key(key, _section(model, loc[:-1]).model_fields)
        case "missing":
            message = f"is missing. Write {keys.SAMPLES[str(loc[-1])]}"
        case "string_type" if isinstance(place.value, list | dict):
            message = "write text here, not a list or a mapping"
        case "string_type":
            message = f'write it in quotes, to make it text: "{place.raw}"' if place.raw else "write some text here"
        case "bool_type":
            message = "write true or false"
        case "int_type":
            message = "write a whole number, without quotes"
        case "tuple_type":
            message = f"write a list: [{place.raw}]" if place.raw else "write a list, such as [one, two]"
        case "literal_error":
            message = f"write {context['expected'].replace(chr(39), '')}"
        case _:  # model_type: one of ours where a mapping must stand
            message = "write keys and values here, such as {key: value}"
    found.error(place, path, message)


def _section(model: type[BaseModel], loc: Sequence[str | int]) -> type[BaseModel]:
    """The model of the mapping at the end of `loc` in an item."""
    if "examples" in loc:
        return keys.Examples
    if "readers" in loc:
        return keys.Reader
    if "tracking" in loc:
        return keys.SiteTracking if "hosts" in loc else keys.Tracking
    return model


def unknown_key(key: str, known: Collection[str]) -> str:
    """What to say of a key that is none of ours."""
    if key in keys.HINTS:
        return keys.HINTS[key]
    return f"there is no such key. {did_you_mean(key, known)}"


def did_you_mean(word: str, known: Collection[str]) -> str:
    """The nearest of the known names, or else what there is to choose from."""
    near = get_close_matches(word[:100], known, n=1)
    if near:
        return f'Did you mean "{near[0]}"?'
    few = sorted(known)[:10]
    return f"Known here: {', '.join(few) or 'none'}{', …' if len(known) > len(few) else ''}"


def _dotted(loc: Sequence[str | int]) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in loc)
