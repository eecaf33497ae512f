"""The list in docs/aliases.md. `python -m tests.rules.alias_page` writes it anew."""

from __future__ import annotations

from pathlib import Path

from monitor.rules import shipped

PAGE = Path(__file__).parents[2] / "docs" / "aliases.md"
BEGIN, END = "<!-- list: begin -->\n", "<!-- list: end -->\n"


def listed() -> str:
    """A table of all names, then what each of them stands for."""
    aliases = [shipped.shipped(name) for name in shipped.listed()]
    contents = "".join(map(_row, aliases))
    return f"| name | also | what it is |\n|---|---|---|\n{contents}\n" + "\n".join(map(_section, aliases))


def _row(alias: shipped.Shipped) -> str:
    also = " ".join(f"`@{name}`" for name in alias.also)
    return f"| [`@{alias.name}`](#{alias.name.lower()}) | {also} | {alias.about} |\n"


def _section(alias: shipped.Shipped) -> str:
    # Languages of the same forms share a line, as they do in aliases.toml.
    languages: dict[tuple[str, ...], list[str]] = {}
    for language, forms in alias.forms.items():
        languages.setdefault(forms, []).append(language)
    lines = "".join(
        f"- {', '.join(codes)}: {' · '.join(forms).replace('*', chr(92) + '*')}\n" for forms, codes in languages.items()
    )
    return f"### {alias.name}\n\n{alias.about[0].upper()}{alias.about[1:]}.\n\n{lines}"


def with_list(page: str) -> str:
    """The page with the list of today."""
    before, _, rest = page.partition(BEGIN)
    return f"{before}{BEGIN}{listed()}{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    PAGE.write_text(with_list(PAGE.read_text("utf-8")), "utf-8")
