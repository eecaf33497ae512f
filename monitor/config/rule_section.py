"""`aliases:` and `rules:`: each rule compiled, what it names looked up, its examples run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from pydantic import ValidationError

from monitor.config import keys
from monitor.config.items import NOTHING, Findings, did_you_mean, items, named, read
from monitor.config.moments import end_of
from monitor.config.yaml_positions import Node
from monitor.errors import RuleError
from monitor.model import AliasItems, RuleSpec
from monitor.rules import Aliases, Document, Rule, compile_query, compile_rule
from monitor.text import clean, one_line


def read_aliases(root: Node, found: Findings) -> dict[str, AliasItems]:
    """The aliases by name. A wrong one stands for its own name, so that the rules that call it can still be checked."""
    aliases: dict[str, AliasItems] = {}
    nodes: dict[str, Node] = {}
    for name, path, node in named(root, "aliases", keys.AliasName, found):
        items = _alias_items(node, path, found)
        if items is not None and not (any(items.values()) if isinstance(items, Mapping) else items):
            found.error(node, path, f"stands for nothing. Write a list: [{name}]")
        elif items is not None:
            nodes[name] = node
        aliases[name] = items or (name,)

    known = Aliases(aliases)
    wrong = {name for name, node in nodes.items() if not _alias_compiles(name, node, aliases, known, found)}
    return {name: (name,) if name in wrong else items for name, items in aliases.items()}


def _alias_items(node: Node, path: str, found: Findings) -> AliasItems | None:
    if not isinstance(node.value, dict):
        terms = read(keys.AliasTerms, node, path, found)
        return None if terms is None else terms.root
    forms = read(keys.AliasForms, node, path, found)
    return None if forms is None else forms.root


def _alias_compiles(name: str, node: Node, aliases: Mapping[str, AliasItems], known: Aliases, found: Findings) -> bool:
    try:
        compile_query(f"@{name}", known)
    except RuleError:
        lists = node.entries.items() if isinstance(node.value, dict) else [("", node)]
        for language, listed in lists:
            for index, item in enumerate(listed.items):
                try:
                    compile_query(f"@{name}", {**aliases, name: (item.value,)})
                except RuleError as error:
                    place = f"aliases.{name}.{language}" if language else f"aliases.{name}"
                    found.error(item, f"{place}[{index}]", error.message)
        return False
    return True


def read_rules(root: Node, aliases: Mapping[str, AliasItems], timezone: str, found: Findings) -> tuple[RuleSpec, ...]:
    """The rules, in file order, without those that could not be read."""
    written = _names_written(root)
    known = Aliases(aliases)  # each worked out once for all rules
    telling = _telling_of_defaults(root)
    aliases_are_right = not any(problem.path.startswith("aliases") for problem in found.errors)
    specs: dict[str, RuleSpec] = {}
    for path, node in items(root, "rules", found):
        rule = read(keys.Rule, node, path, found)
        if rule is None:
            continue
        if rule.name in specs:
            message = f'"{rule.name}" is already the rule in line {found.rule_places[rule.name][0]}. Rename one of them'
            found.error(node.at(["name"]), f"{path}.name", message)
        spec = _rule_spec(rule, telling, timezone)
        specs[spec.name] = spec
        found.rule_places[spec.name] = node.line, node.column
        _check_references(spec, node, path, written, found)
        compiled = _compiled(spec, node, path, known, found)
        if compiled is not None and aliases_are_right:
            _run_examples(compiled, node, path, found)
        if spec.enabled and not spec.channels:
            found.warn(node, path, "names no channel, so its matches are recorded and nobody hears of them")
    return tuple(specs.values())


def _telling_of_defaults(root: Node) -> keys.Telling:
    """What `defaults:` says of telling. What is wrong there is reported with the feeds."""
    written = root.entries.get("defaults", NOTHING).value
    known = keys.Telling.model_fields
    try:
        return keys.Telling.model_validate({key: written[key] for key in written if key in known} if written else {})
    except (TypeError, ValidationError):
        return keys.Telling()


def _rule_spec(rule: keys.Rule, defaults: keys.Telling, timezone: str) -> RuleSpec:
    usual = RuleSpec(name=rule.name)
    said = {
        key: next(
            (value for value in (getattr(rule, key), getattr(defaults, key)) if value is not None),
            getattr(usual, key),
        )
        for key in keys.Telling.model_fields
    }
    return RuleSpec(
        name=rule.name,
        query=rule.query,
        any=rule.any,
        all=rule.all,
        none=rule.none,
        feeds=rule.feeds,
        tags=rule.tags,
        score=tuple(rule.score.items()),
        threshold=rule.threshold,
        title_weight=rule.title_weight,
        languages=rule.languages,
        countries=rule.countries,
        times=tuple(replace(window, timezone=timezone) for window in rule.times),
        until=end_of(rule.until, timezone) if rule.until is not None else None,
        priority=rule.priority,
        keep=rule.keep,
        owner=rule.owner,
        note=rule.note,
        channels=rule.channels,
        digest=rule.digest,
        enabled=rule.enabled,
        examples_match=rule.examples.match,
        examples_no_match=rule.examples.no_match,
        **{**said, "burst": said["burst"] or None},
    )


def _names_written(root: Node) -> dict[str, set[str]]:
    """The names a rule may refer to, by the rule's key; also those of items that are otherwise wrong."""
    feeds = [node.value for node in root.entries.get("feeds", NOTHING).items if isinstance(node.value, dict)]
    defaults = root.entries.get("defaults", NOTHING).value
    tag_lists = [item.get("tags") for item in (*feeds, defaults) if isinstance(item, dict)]
    return {
        "feeds": {feed["key"] for feed in feeds if isinstance(feed.get("key"), str)},
        "tags": {tag for tags in tag_lists if isinstance(tags, list) for tag in tags if isinstance(tag, str)},
        "channels": set(root.entries.get("channels", NOTHING).entries),
        "digest": set(root.entries.get("digests", NOTHING).entries),
    }


def _check_references(spec: RuleSpec, node: Node, path: str, known: Mapping[str, set[str]], found: Findings) -> None:
    for key, noun in (("feeds", "feed"), ("tags", "tag of a feed"), ("channels", "channel")):
        for index, item in enumerate(node.at([key]).items):
            if item.value not in known[key]:
                message = f'there is no {noun} "{item.value}". {did_you_mean(item.value, known[key])}'
                found.error(item, f"{path}.{key}[{index}]", message)
    if spec.digest is not None and spec.digest not in known["digest"]:
        message = f'there is no digest "{spec.digest}". {did_you_mean(spec.digest, known["digest"])}'
        found.error(node.at(["digest"]), f"{path}.digest", message)


def _compiled(spec: RuleSpec, node: Node, path: str, aliases: Aliases, found: Findings) -> Rule | None:
    if spec.score and spec.threshold is None:
        found.error(node.at(["score"]), f"{path}.score", "needs a threshold beside it. Write threshold: 10")
        return None
    if spec.threshold is not None and not spec.score:
        message = "has nothing to add up. Write score: {Ukraine: 10, football: -20} beside it"
        found.error(node.at(["threshold"]), f"{path}.threshold", message)
        return None
    if spec.query is None and not (spec.any or spec.all or spec.none or spec.score):
        found.error(node, path, f'rule "{spec.name}" looks for nothing. Write query: Ukraine, or any: [Ukraine, Kyiv]')
        return None
    try:
        return compile_rule(spec, aliases)
    except RuleError as error:
        if not _place_errors(spec, node, path, aliases, found):
            # Each part is right, what they come to together is not.
            key = "query" if spec.query else "score" if spec.score else None
            found.error(node.at([key] if key else []), f"{path}.{key}" if key else path, error.message)
        return None


def _place_errors(spec: RuleSpec, node: Node, path: str, aliases: Aliases, found: Findings) -> bool:
    """Reports the query and each term that is wrong by itself, at its column in the file. False when all are right."""
    parts = [] if spec.query is None else [(f"{path}.query", node.at(["query"]))]
    for key in ("any", "all", "none"):
        parts += [(f"{path}.{key}[{index}]", term) for index, term in enumerate(node.at([key]).items)]
    errors_before = len(found.errors)
    for text, weight in node.at(["score"]).entries.items():
        try:
            compile_rule(RuleSpec(name=spec.name, query=text, any=("word",)), aliases)
        except RuleError as error:
            found.error(weight, f"{path}.score.{text}", f"column {error.column} of the term: {error.message}")
    for part_path, part in parts:
        try:
            # With a word beside it, a part that only says what must be absent is right.
            compile_rule(RuleSpec(name=spec.name, query=part.value, any=("word",)), aliases)
        except RuleError as error:
            # The column counts in the cleaned text. Where cleaning moved letters, the file's columns cannot follow.
            column = part.column_of(error.column - 1) if len(clean(part.raw)) == len(part.raw) else None
            message = error.message if column else f"column {error.column} of the query: {error.message}"
            found.error(part, part_path, message, column=column)
    return len(found.errors) > errors_before


def _run_examples(rule: Rule, node: Node, path: str, found: Findings) -> None:
    """The rule on its examples; which feeds it is for, and when, does not matter here.

    The texts are in the rule's language, if it is for one only; else in an unknown one.
    """
    spec = rule.spec
    language = spec.languages[0] if len(spec.languages) == 1 else "und"
    for kind, texts, wanted in (("match", spec.examples_match, True), ("no_match", spec.examples_no_match, False)):
        for index, text in enumerate(texts):
            first, _, rest = text.partition("\n")
            title, body = (first, rest) if rest.strip() else ("", text)
            if (rule.match(Document.of(title, body, language=language)) is not None) != wanted:
                message = (
                    f'rule "{spec.name}" {"does not match" if wanted else "matches"} this example: '
                    f'"{one_line(text, 60)}". Correct the rule or the example'
                )
                found.error(node.at(["examples", kind, index]), f"{path}.examples.{kind}[{index}]", message)
