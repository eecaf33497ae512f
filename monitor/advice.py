"""What to do about a feed that fails: for each kind of failure what it means and what helps, in words for people.

`polls.outcome` names the kind; `docs/operations.md` has the same list at more length.
"""

from __future__ import annotations

from collections.abc import Collection

from monitor.model import Outcome

# What the fetch itself says of a failure stands in `last_error`; this is what follows from it.
_ADVICE = {
    Outcome.DNS: "Its host has no address. When other feeds work, the host is gone or misspelt: look for the feed's new"
    " address. Otherwise look at this machine's name server.",
    Outcome.CONNECT: "Its server takes no connection. This mostly passes; when it stays, look for a new address.",
    Outcome.TLS: "Its certificate is not valid, which only the publisher can mend. This mostly passes.",
    Outcome.TIMEOUT: "Its server or the line is too slow. This mostly passes; when it stays, look for a new address.",
    Outcome.REFUSED_ADDRESS: "What is on a private network must not get into the archive by way of a feed.",
    Outcome.REDIRECTS: "Its address leads nowhere. Open it in a browser, and write down where the feed is now.",
    Outcome.HTTP_ERROR: "Its server answers with an error. When it stays, look for the feed's new address.",
    Outcome.GONE: "The publisher has taken it away. Look for its new address, or remove it from feeds.yaml.",
    Outcome.BLOCKED: "The server will not have us. Ask the publisher to let our User-Agent through, or look for another"
    " feed of theirs; a more frequent or disguised request would not help.",
    Outcome.RATE_LIMITED: "The server wants fewer requests. We keep away as long as it says; give the feed a longer"
    " `every`, or its host a longer `host_delay`, when this comes back.",
    Outcome.TOO_LARGE: "It is larger than any feed should be. Look for a shorter one of the same publisher.",
    Outcome.TRUNCATED: "It arrives cut off; what is complete is kept. When it stays, tell the publisher.",
    Outcome.PROTOCOL: "Its server sends what is no proper HTTP. This mostly passes; when it stays, tell the publisher.",
    Outcome.NOT_A_FEED: "What is at its address is no feed. Open it in a browser: a page there often tells where the"
    " feed is now.",
    Outcome.PARSER: "Its document is too much for the parser. Tell the publisher, or us.",
}

_FRENCH = {
    Outcome.DNS: "Son hôte n’a pas d’adresse. Si d’autres flux fonctionnent, l’hôte a disparu ou est mal écrit :"
    " cherchez la nouvelle adresse du flux. Sinon, voyez le serveur de noms de cette machine.",
    Outcome.CONNECT: "Son serveur n’accepte pas de connexion. Cela passe le plus souvent ; si cela dure, cherchez une"
    " nouvelle adresse.",
    Outcome.TLS: "Son certificat n’est pas valable, et seul l’éditeur peut y remédier. Cela passe le plus souvent.",
    Outcome.TIMEOUT: "Son serveur ou la ligne est trop lent. Cela passe le plus souvent ; si cela dure, cherchez une"
    " nouvelle adresse.",
    Outcome.REFUSED_ADDRESS: "Ce qui se trouve sur un réseau privé ne doit pas entrer dans l’archive par un flux.",
    Outcome.REDIRECTS: "Son adresse ne mène nulle part. Ouvrez-la dans un navigateur, et notez où il est à présent.",
    Outcome.HTTP_ERROR: "Son serveur répond par une erreur. Si cela dure, cherchez la nouvelle adresse du flux.",
    Outcome.GONE: "L’éditeur l’a retiré. Cherchez sa nouvelle adresse, ou enlevez-le de feeds.yaml.",
    Outcome.BLOCKED: "Le serveur ne veut pas de nous. Demandez à l’éditeur d’admettre notre User-Agent, ou cherchez un"
    " autre de ses flux ; une demande plus fréquente ou déguisée n’y ferait rien.",
    Outcome.RATE_LIMITED: "Le serveur veut moins de demandes. Nous attendons aussi longtemps qu’il le dit ; si cela"
    " revient, donnez au flux un `every` plus long, ou à son hôte un `host_delay` plus long.",
    Outcome.TOO_LARGE: "Il est plus gros qu’un flux ne devrait l’être. Cherchez-en un plus court du même éditeur.",
    Outcome.TRUNCATED: "Il arrive coupé ; ce qui est complet est gardé. Si cela dure, prévenez l’éditeur.",
    Outcome.PROTOCOL: "Son serveur envoie ce qui n’est pas du HTTP. Cela passe le plus souvent ; si cela dure, prévenez"
    " l’éditeur.",
    Outcome.NOT_A_FEED: "Ce qui se trouve à son adresse n’est pas un flux. Ouvrez-la dans un navigateur : une page dit"
    " souvent où est le flux.",
    Outcome.PARSER: "Son document est trop pour l’analyseur. Prévenez l’éditeur, ou nous.",
}

# Where a status says more than the kind of failure: in English, in French.
_NOT_FOUND = (
    "There is nothing at its address any more. Look for the new one, or remove it from feeds.yaml.",
    "Il n’y a plus rien à son adresse. Cherchez la nouvelle, ou enlevez-le de feeds.yaml.",
)
_LOGIN = (
    "Write a login into the feed's URL (https://user:password@…), or correct the one that is there.",
    "Écrivez un identifiant dans l’URL du flux (https://user:password@…), ou corrigez celui qui s’y trouve.",
)
_SERVER_FAULT = (
    "The fault is on its server's side, and mostly passes.",
    "La faute est du côté de son serveur, et passe le plus souvent.",
)
_NOT_MODIFIED = (
    "The server answers “not modified” to a question that was not asked. Tell the publisher.",
    "Le serveur répond « not modified » à une question qui n’a pas été posée. Prévenez l’éditeur.",
)

# Nothing came back from the publisher; when it happens to most feeds at once, it happens here.
_UNREACHED = frozenset({Outcome.DNS, Outcome.CONNECT, Outcome.TIMEOUT, Outcome.TLS})


def advice(outcome: Outcome, status: int | None, *, language: str = "en") -> str:
    """What a failure means and what helps against it, in English or French. `status` is the HTTP status, None without
    an answer."""
    french = language == "fr"
    if outcome is Outcome.HTTP_ERROR and status == 404:
        return _NOT_FOUND[french]
    if outcome is Outcome.HTTP_ERROR and status is not None and status >= 500:
        return _SERVER_FAULT[french]
    if outcome is Outcome.BLOCKED and status in (401, 407):
        return _LOGIN[french]
    if outcome is Outcome.PROTOCOL and status == 304:
        return _NOT_MODIFIED[french]
    return (_FRENCH if french else _ADVICE)[outcome]


def is_our_own_line(failing: Collection[Outcome], feeds: int) -> bool:
    """Whether so many of all `feeds` cannot be reached that the fault is rather here than with each publisher."""
    unreached = sum(outcome in _UNREACHED for outcome in failing)
    return unreached >= 3 and unreached * 2 > feeds
