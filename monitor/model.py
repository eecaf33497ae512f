"""The words of the program: the frozen values that flow from step to step.

No behaviour beyond derived properties, no I/O. Instants are aware UTC `datetime`, durations `timedelta`, sequences
tuples. Read it in the order of the pipeline: what to watch, what a fetch gave, what was parsed, what became of each
entry, what a rule found, what is sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Literal
from urllib.parse import urlsplit

# ── what to watch ────────────────────────────────────────────────────────────────────────────────────────────────────


def _host(url: str) -> str:
    return urlsplit(url).netloc.rpartition("@")[2].lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often a feed may be polled; `min` ≤ `every` ≤ `max`."""

    every: timedelta  # while nothing is known of the feed
    min: timedelta
    max: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """When a feed publishes, as far as our polls have seen; what `cadence` makes its interval from."""

    since: datetime  # of the first answer it rests on
    until: datetime  # of the last
    days: float  # how long was watched, older days fading
    hours: tuple[float, ...]  # 24: items that came in each hour of the day (UTC), older ones fading
    rolls_in: timedelta | None  # how soon the whole document was seen to be replaced; None: it was not seen moving
    rolled_at: datetime | None  # when that was seen


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedSpec:
    """One feed as the configuration names it."""

    key: str  # the feed's name everywhere: in rules, tables, commands
    url: str
    title: str | None = None  # None: the feed's own title is used
    language: str | None = None  # BCP 47, a hint for language tagging, never an order
    country: str | None = None  # ISO 3166-1 alpha-2
    tags: tuple[str, ...] = ()
    every: timedelta = timedelta(minutes=15)  # the interval while nothing is known of its rhythm
    min_every: timedelta = timedelta(minutes=5)  # its rhythm may bring it down to this,
    max_every: timedelta = timedelta(hours=1)  # or up to this
    alert_backlog: timedelta = timedelta(0)  # the first poll also alerts on items this young
    fulltext: bool = False
    allow_private: tuple[str, ...] = ()  # "address:port" pairs that may be dialled although they are not public
    keep: timedelta | None = None  # its articles' texts; None: as its tags say, else as all
    paused: bool = False

    @property
    def pace(self) -> Pace:
        """The bounds of its interval."""
        return Pace(every=self.every, min=self.min_every, max=self.max_every)

    @property
    def host(self) -> str:
        """The host that politeness counts by: host name, with the port when the URL names one."""
        return _host(self.url)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlet:
    """What rules and the language may ask of the feed that an article comes from."""

    feed: str  # key
    title: str | None = None  # as the feed calls itself, or feeds.yaml calls it
    tags: tuple[str, ...] = ()
    country: str | None = None  # ISO 3166-1 alpha-2


AliasItems = Sequence[str] | Mapping[str, Sequence[str]]  # what an alias stands for: everywhere, or by language


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Hours of some days; of two days when it ends before it begins."""

    days: frozenset[int]  # on which it begins; 0 is Monday
    start: time
    end: time  # exclusive; `time.max`: midnight
    timezone: str = "UTC"  # IANA name


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSpec:
    """One rule as the configuration writes it. `query`, the three lists and `score` must all hold."""

    name: str
    query: str | None = None
    any: tuple[str, ...] = ()
    all: tuple[str, ...] = ()
    none: tuple[str, ...] = ()
    feeds: tuple[str, ...] = ()  # feed keys; empty: every feed
    tags: tuple[str, ...] = ()  # feed tags, any of them; empty: every feed
    score: tuple[tuple[str, float], ...] = ()  # queries with their weights
    threshold: float | None = None  # of the sum of the weights that count; None: there are no weights
    title_weight: float = 1.0  # what is found in the title counts so many times
    languages: tuple[str, ...] = ()  # empty: every language; `und` is never a reason to skip an article
    countries: tuple[str, ...] = ()  # of the feed, ISO 3166-1 alpha-2; empty: every country, known or not
    channels: tuple[str, ...] = ()  # empty: matches are recorded, nothing is sent
    digest: str | None = None  # None: alert soon, without one
    group_wait: timedelta = timedelta(seconds=30)  # how long a match waits for others; 0: each story goes alone
    followups: str = "none"  # of a story that was told: none, updates (new versions), all (copies too)
    group_interval: timedelta = timedelta(minutes=5)  # followups to one story are collected for so long
    repeat: timedelta | None = None  # a story not told of for so long is told again, as if it were new; None: never
    max_per_hour: int | None = None  # mails to one recipient; what is too much waits for one mail. None: no limit
    burst: int | None = 20  # after so many mails within an hour the rest come as running summaries; None: never
    enabled: bool = True
    until: datetime | None = None  # in force for articles first seen before; None: for good
    times: tuple[Window, ...] = ()  # in force for articles first seen within one; empty: always
    priority: str = "normal"  # low, normal or high: how mails are marked
    keep: timedelta | None = None  # the texts of articles that it matched; None: as those of others
    owner: str | None = None  # who to ask about the rule
    note: str | None = None  # why it is there
    examples_match: tuple[str, ...] = ()
    examples_no_match: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """How a recipient reads."""

    language: str = "en"  # of the words around the articles: en, fr
    timezone: str | None = None  # IANA name, of every time shown; None: the house's


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelSpec:
    """One way of sending, by name."""

    name: str
    kind: str  # email, maildir, console, webhook, exec, apprise
    to: tuple[str, ...] = ()  # mail addresses; for maildir, console and exec they only say whom a message is for
    path: str | None = None  # maildir: absolute path of the folder; None: the maildir beside the archive
    url: str | None = field(default=None, repr=False)  # webhook: where to post; its path and query may hold a token
    allow_private: tuple[str, ...] = ()  # webhook: "address:port" pairs it may reach although they are not public
    command: tuple[str, ...] = ()  # exec: the program, an absolute path, and its arguments
    timeout: timedelta = timedelta(seconds=30)  # webhook, exec, apprise: how long one message may take
    quiet: tuple[Window, ...] = ()  # nothing is sent then but digests and notices; it comes together afterwards
    max_per_hour: int | None = None  # as in RuleSpec, over all rules
    reader: Reader = Reader()  # of those who are not named below
    readers: Mapping[str, Reader] = field(default_factory=dict)  # by address

    @property
    def form(self) -> str:
        """What its messages are: mail, json."""
        return "mail" if self.kind in ("email", "maildir", "console") else "json"

    @property
    def secret_name(self) -> str | None:
        """What its secret is called: `webhook-NAME` or `apprise-NAME`. None for kinds that have none of their own."""
        return f"{self.kind}-{self.name}" if self.kind in ("webhook", "apprise") else None


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestSpec:
    """One digest: the alerts of the rules that name it, sent together at the times `cron` says."""

    name: str
    cron: str  # five fields
    timezone: str = "UTC"  # IANA name; whose clock `cron` goes by
    empty: bool = False  # it is sent although there is nothing in it


@dataclass(frozen=True, slots=True, kw_only=True)
class HeartbeatSpec:
    """When the operator hears that all is well, and what else hears that we live."""

    cron: str  # five fields
    timezone: str  # IANA name; whose clock `cron` goes by
    ping: str | None = None  # URL that is posted to as long as we live and can send; None: nobody
    ping_every: timedelta = timedelta(minutes=5)
    allow_private: tuple[str, ...] = ()  # "address:port" that the ping may go to although they are not public


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionSpec:
    """How long texts are kept after they were last new; timedelta.max: for ever. The longest that applies counts."""

    keep: timedelta = timedelta.max  # of feeds that are not named, because they are gone from the file
    keep_matched: timedelta = timedelta.max  # of articles that a rule matched which is not named
    feeds: tuple[tuple[str, timedelta], ...] = ()  # by key; those of the file, whose articles' carrier it is
    rules: tuple[tuple[str, timedelta], ...] = ()  # by name; those that say so themselves

    @property
    def shortest(self) -> timedelta:
        """No text is pruned sooner."""
        return min([self.keep, *(keep for _, keep in self.feeds)])


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupSpec:
    """When the archive is copied, where to, and how many copies are kept."""

    folder: str  # an absolute path
    cron: str  # five fields
    timezone: str  # IANA name; whose clock `cron` goes by
    keep: int  # copies; the oldest beyond go


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpSpec:
    """The mail server. The password is a credential, never part of the file."""

    host: str
    port: int
    security: str  # none, starttls, tls
    user: str | None = None
    sender: str | None = None  # the From address; None: the configuration's contact


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxySpec:
    """The HTTP proxy that feeds are asked through. The password is a credential, never part of the file."""

    host: str
    port: int
    user: str | None = None  # None: it wants no login

    @property
    def url(self) -> str:
        """Its address, without the login."""
        return f"http://[{self.host}]:{self.port}" if ":" in self.host else f"http://{self.host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """Who we are, as far as a mail must say it."""

    contact: str  # the operator's address
    sender: str  # the From address
    timezone: str  # IANA name, of every time shown to a reader who has none of their own
    templates: tuple[tuple[str, str], ...] = ()  # (file name, source) of those that stand in for ours


# ── what a fetch gave ────────────────────────────────────────────────────────────────────────────────────────────────


class Outcome(StrEnum):
    """How a poll ended; the value of `polls.outcome`. Stable: people's queries name them."""

    NEW = "new"
    NOTHING_NEW = "nothing_new"
    UNCHANGED = "unchanged"  # the same body, byte for byte
    NOT_MODIFIED = "not_modified"  # 304
    DNS = "dns"
    CONNECT = "connect"
    TLS = "tls"
    TIMEOUT = "timeout"
    REFUSED_ADDRESS = "refused_address"  # the name resolves to an address that is not public
    REDIRECTS = "redirects"
    HTTP_ERROR = "http_error"
    GONE = "gone"  # 410
    BLOCKED = "blocked"  # 401, 403, 407, 451: the server will not have us
    RATE_LIMITED = "rate_limited"  # 429, or 503 with Retry-After
    TOO_LARGE = "too_large"
    TRUNCATED = "truncated"  # cut off; complete entries are kept, validators are not advanced
    PROTOCOL = "protocol"  # not understandable as HTTP: bad encoding, bad redirect target, broken framing
    NOT_A_FEED = "not_a_feed"
    PARSER = "parser"  # the parser raised, hung or ran out of memory


SUCCESSES = frozenset({Outcome.NEW, Outcome.NOTHING_NEW, Outcome.UNCHANGED, Outcome.NOT_MODIFIED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Validators:
    """What the server gave us to ask "has it changed?" with; opaque, echoed byte for byte (RFC 9110 §8.8)."""

    etag: bytes | None = None  # None: the server sent none, or one we refuse to keep (over 1 KiB)
    last_modified: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A 200 with a body."""

    url: str  # where the body came from, after redirects
    moved_to: str | None  # the new address when every redirect on the way was permanent (301, 308)
    status: int
    body: bytes  # decoded from its content encoding
    content_type: str | None
    validators: Validators
    truncated: str | None  # why the body is known to be incomplete; None: nothing says it is
    fresh_for: timedelta | None = None  # how long the answer stays fresh (Cache-Control, Expires); None: not said
    wire_bytes: int  # bytes received, still encoded
    redirects: int = 0  # how many were followed on the way
    robots: str | None = None  # X-Robots-Tag, at most 200 characters on one line; None: not sent


@dataclass(frozen=True, slots=True, kw_only=True)
class NotModified:
    """A 304 to a conditional request."""

    validators: Validators  # those of the 304 where it sent any; a None field leaves the stored one in place
    fresh_for: timedelta | None = None  # as in Fetched


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchFailed:
    """No usable answer. `detail` is one line for people, without credentials."""

    kind: Outcome
    detail: str
    status: int | None = None  # None: no HTTP answer came
    retry_after: timedelta | None = None  # None: the server did not say


FetchResult = Fetched | NotModified | FetchFailed


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """What a server answered to a message that was posted to it, whatever its status."""

    site: str  # the host that answered
    status: int
    said: str = ""  # the first words of its answer, cleaned, on one line; empty where it said nothing, or in HTML
    moved_to: str | None = None  # scheme and host of where a redirect leads, which is not followed; None: no redirect
    retry_after: timedelta | None = None  # None: the server did not say


# ── what was parsed ──────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedEntry:
    """An item as the feed gives it: nothing judged yet, only decoded and bounded."""

    guid: str | None
    link: str | None  # absolute http(s); None when the feed gives none we may follow
    title: str  # may hold markup and entities; empty when the feed gives none
    body: str  # the longest of content, summary; HTML unless `body_is_plain`
    body_is_plain: bool = False
    authors: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    published: datetime | None = None  # None: absent or unreadable
    updated: datetime | None = None
    language: str | None = None  # xml:lang of the entry, when it has one


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedFeed:
    """A whole document."""

    title: str | None
    link: str | None  # absolute
    language: str | None  # as the feed declares it, normalised to BCP 47; None: not declared or unreadable
    format: str  # rss20, atom10, json11, … as feedparser names them; news-sitemap
    ttl: timedelta | None = None  # how long the feed asks to be left alone (RSS ttl); None: not said
    period: timedelta | None = None  # how often it says it is updated (sy:updatePeriod); None: not said
    entries: tuple[ParsedEntry, ...]
    truncated: str | None  # why the document is known to be cut off; its last entry was then left out
    problems: tuple[str, ...] = ()  # what was wrong and got mended, one line each


@dataclass(frozen=True, slots=True, kw_only=True)
class NotAFeed:
    """The bytes are no feed. `detail` says what they look like."""

    detail: str
    kind: Outcome = Outcome.NOT_A_FEED  # or PARSER, TOO_LARGE


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """An entry made ready to keep: identity, link, plain text, believable dates."""

    feed: str
    entry_key: str  # the entry's identity within its feed; unique in one document
    guid: str | None  # as the feed gives it
    link: str | None  # the publisher's own, for people
    link_key: str | None  # the canonical form, for comparison; None: no link, or one that identifies nothing
    title: str  # plain text, one line
    text: str  # plain text, paragraphs separated by "\n"
    authors: tuple[str, ...]
    categories: tuple[str, ...]
    published_at: datetime | None  # None: the feed gives no believable date
    published_source: str  # published, updated, clamped (a date in the future, set to seen_at), none
    seen_at: datetime
    declared_language: str | None  # the entry's, else the feed's own declaration
    digest: int  # 63 bits over the entry as the feed gave it: equal digest, nothing changed
    content_digest: int  # 63 bits over title and text: what a revision changes
    fingerprint: int | None  # 63 bits over the folded words; None: too short to mean the same article
    signature: bytes | None = None  # `likeness.signature` of title and text; None: too few words to compare
    headline: tuple[int, ...] = ()  # `events.headline` of title and text; empty: nothing to tell an event by


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadFeed:
    """What the worker makes of a body: the document, and the entries that are not the same as last time."""

    title: str | None
    language: str | None
    format: str
    ttl: timedelta | None = None  # as in ParsedFeed
    period: timedelta | None = None  # as in ParsedFeed
    entries: int  # all entries in the document
    digests: frozenset[int]  # of all its entries
    entry_keys: frozenset[int] = frozenset()  # `text.digest` of the entry key of each of its entries
    articles: tuple[Article, ...]  # those whose digest was not among the known ones, oldest first
    boilerplate: frozenset[int] = frozenset()  # `likeness.boilerplate` of its entries
    truncated: str | None
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A feed is polled at another address from now on."""

    to_url: str
    why: str  # one line for people

    @property
    def host(self) -> str:
        """As in FeedSpec."""
        return _host(self.to_url)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A host asked for fewer requests: until when all its feeds wait."""

    at_first: datetime  # on the word of one feed, which may be meant for that feed alone
    confirmed: datetime  # when another feed of the host heard the same, and none was answered in between


# ── what an article's page gave ──────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The article on a web page."""

    text: str  # plain text, paragraphs separated by "\n"; the title is left out
    title: str | None = None  # as the page names the article; None: it does not
    language: str | None = None  # as the page declares it, BCP 47; None: not declared or unreadable
    canonical: str | None = None  # the address the page gives itself, absolute http(s); None: it gives none
    free: bool = True  # False: the page says that not all of it is open to everybody


@dataclass(frozen=True, slots=True, kw_only=True)
class NoPage:
    """There is no usable article on a page."""

    why: str  # one line for people


# ── what the archive knows, and what follows from it ─────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What a feed's entries are known by, as far as its polls have shown; older polls fade."""

    by: str = "guid"  # guid: its guids last; link: they do not, its links do; title: neither does
    kept: float = 0.0  # entries that were edited and kept their guid
    renumbered: float = 0.0  # entries that came again under another guid and their link
    stood: float = 0.0  # polls in which entries stood as they had
    turned: float = 0.0  # polls in which most came again under another guid and another link


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedState:
    """What the archive remembers of a feed between polls."""

    key: str
    url: str  # where it is polled: `given_url`, or where that has moved for good
    given_url: str  # as the configuration says
    state: str  # new, ok, failing, blocked, gone, paused, removed
    validators: Validators
    body_digest: bytes | None  # of the last complete body; None before the first
    entry_digests: frozenset[int]  # of the last complete document's entries
    primed: bool  # a complete document has been stored, so what is new now is news
    failures: int  # in a row; 0 after a success
    next_poll_at: datetime
    failing_since: datetime | None = None  # the first of those failures; None: the last poll succeeded
    last_outcome: Outcome | None = None  # None: never polled
    whole_at: datetime | None = None  # the last whole document came, no 304; None: never
    lied_at: datetime | None = None  # a 304 was last found to be untrue; None: never
    moved_to: str | None = None  # where the server says it has moved for good; None: it does not
    moved_polls: int = 0  # good polls in a row that came from there
    ttl: timedelta | None = None  # as in ParsedFeed, of the last complete document
    period: timedelta | None = None  # as in ParsedFeed, of the last complete document
    rhythm: Rhythm | None = None  # None: nothing is known of it yet
    identity: Identity = Identity()


@dataclass(frozen=True, slots=True, kw_only=True)
class PageWanted:
    """An article whose web page is to be read, with what that takes."""

    id: int  # the article's, in the archive
    url: str
    article: (
        Article  # with the feed's own text, and the feed's language as the declared one; its `digest` is unknown: 0
    )
    feed: str  # the feed that asked for it
    feed_title: str
    attempts: int  # made so far
    news: bool  # what the page adds alerts
    rules: frozenset[str]  # rules that matched the article already


@dataclass(frozen=True, slots=True, kw_only=True)
class HostLease:
    """The right to poll one host's feeds and pages for a while. `token` fences off a holder that came too late."""

    host: str
    token: int
    feeds: tuple[FeedState, ...]
    last_request_at: datetime | None
    pages: tuple[PageWanted, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Archived:
    """An article the archive holds, as far as judging a new entry needs it."""

    id: int
    feed: str  # its first carrier
    link_key: str | None
    title: str
    content_digest: int  # of what the feed that is looked up said last; of the article's own text if it said nothing
    fingerprint: int | None
    language: str
    first_seen_at: datetime
    rules: frozenset[str]  # rules that matched it already
    story: int
    published_at: datetime | None = None  # None: no believable date
    text: str = ""  # looked up only where one link is to be told from one item


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """An article that this feed carried lately, under these entry keys."""

    article: Archived
    entry_keys: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """A recent article that may tell the same as another, with what it takes to judge that."""

    id: int | str  # in the archive; or the entry key of an earlier article of the same document
    feed: str  # its first carrier
    title: str
    text: str
    published_at: datetime | None
    seen_at: datetime
    signature: bytes | None
    headline: tuple[int, ...]
    language: str = "und"  # BCP 47


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    """An article belongs with another one, and why."""

    to: int | str  # `Near.id` of that one
    relation: str  # to its story: copy, cut, retitled, update; to its event: report
    score: float  # 0 to 1: how much they share, as the relation counts it


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """What the archive knows about a batch of articles of one feed."""

    by_entry_key: Mapping[str, Archived] = field(default_factory=dict)  # sighted in this feed under that key
    by_link: Mapping[str, Archived] = field(default_factory=dict)  # any feed, by canonical link
    by_fingerprint: Mapping[int, Archived] = field(default_factory=dict)  # any feed, recent
    by_content: Mapping[int, Archived] = field(
        default_factory=dict
    )  # this feed, recent: entries without link, few words
    carried: frozenset[int] = frozenset()  # ids of the above that this feed has carried already
    headlines: frozenset[str] = (
        frozenset()
    )  # folded, of this feed's recent articles; empty where few entries are unknown
    lately: tuple[Carried, ...] = ()  # by this feed, newest first: those that an unknown entry may stand for
    near: Mapping[str, tuple[Near, ...]] = field(default_factory=dict)  # by entry key; recent ones, likeliest first
    frequency: Mapping[int, int] = field(default_factory=dict)  # word of a headline → recent articles that have it
    reports: int = 0  # how many recent articles `frequency` counts over
    languages: Mapping[str, int] = field(default_factory=dict)  # how many of those were surely in each language


@dataclass(frozen=True, slots=True, kw_only=True)
class New:
    """Nobody carried it before: an article of its own."""

    article: Article


@dataclass(frozen=True, slots=True, kw_only=True)
class Revised:
    """This feed's article, with another title or text."""

    article: Article
    of: Archived
    why: str = "entry"  # what tells that it is the same: entry (its key), link, date (and a like title), title


@dataclass(frozen=True, slots=True, kw_only=True)
class Duplicate:
    """An article the archive (or this very document) holds, now carried here too."""

    article: Article
    of: Archived | Article
    why: str  # what tells that it is the same: link, words


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """This feed's article, saying the same as before (a changed date, a changed guid)."""

    article: Article
    of: Archived | Article
    why: str = "entry"  # what tells that it is the same: entry (its key), link, words, content, date, title


Verdict = New | Revised | Duplicate | Known


# ── what a rule found ────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Span:
    """Where something stands: code points, end exclusive."""

    field: str  # title, text
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Excerpt:
    """A piece of an article with the matched words marked: (start, end) within `text`."""

    text: str
    marks: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A rule matched an article."""

    rule: str
    spans: tuple[Span, ...]  # what matched, in reading order, title first; empty for a rule of NOTs only
    excerpt: Excerpt
    score: float = 1.0
    words: tuple[str, ...] = ()  # what matched, as the article writes it, each once; empty for a rule of NOTs only


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageGuess:
    """A BCP 47 tag, or `und`, with how sure we are and what it rests on."""

    language: str
    confidence: float  # 0 to 1; 0 for `und`
    source: str  # script, detected, feed, declared, none


UNDETERMINED = LanguageGuess(language="und", confidence=0.0, source="none")


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleFailure:
    """A rule that could not be held against an article, which is a fault of ours."""

    rule: str
    error: str  # one line


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrichment:
    """What the worker adds to one article."""

    language: LanguageGuess
    matches: tuple[Match, ...]
    failures: tuple[RuleFailure, ...] = ()  # rules of which it is not known whether they match
    story: Join | None = None  # None: no other text is known that it is a copy or version of
    event: Join | None = None  # None: no other newsroom's report of the same event is known


@dataclass(frozen=True, slots=True, kw_only=True)
class FullText:
    """What the worker makes of an article's page."""

    text: str  # the page's, and before it what only the feed says
    signature: bytes | None = None  # as in Article, of the whole text
    enrichment: Enrichment


# ── what the operator is told ────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedTrouble:
    """A feed that fails, or that the operator still believes to fail."""

    feed: str
    title: str  # the key where no title is known
    outcome: Outcome  # of its last poll
    status: int | None  # HTTP status of that; None: no answer came
    failures: int  # in a row; 0: it works again
    since: datetime | None  # the first of them; None: it works again
    error: str | None  # of the last poll; None: it worked
    next_poll_at: datetime
    reported_at: datetime | None  # when the operator was told; None: was not


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """Something out of the ordinary that goes on, or did until lately."""

    kind: str  # feed_silent, rule_silent, rule_spike, rule_fails, channel_down, backup_fails, log_grows
    subject: str  # the feed, rule or channel
    since: datetime  # the last that came; of what fails the first failure; of a spike when it was found
    count: int | None = None  # of a spike what came in 24 hours, of a failing rule articles; None: of another kind
    usual: float | None = None  # what usually comes in 24 hours; None: of what fails
    error: str | None = None  # what it fails with; None: of another kind
    told_at: datetime | None = None  # None: the operator was not told
    ended_at: datetime | None = None  # when it was found over; None: it goes on


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """How the whole did in a time: what a heartbeat says."""

    since: datetime
    feeds: int  # that are watched
    failing: int  # of them, at the end
    articles: int  # that were new
    sent: int  # messages
    waiting: int  # alerts, at the end
    queued: int  # messages, at the end
    dead: int  # messages given up, ever
    coverage: float | None  # 0 to 1: the feeds' time in which nothing can have been missed; None: no feed is watched
    gaps: tuple[tuple[str, int], ...]  # a feed, and how often something may have been missed; most first
    conditions: tuple[Condition, ...]  # that go on


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """The daemon's own end, as its service manager saw it; or, when it runs again, that it had ended."""

    host: str  # this machine's name
    unit: str  # as the service manager calls it
    since: datetime
    why: str = ""  # what the service manager says of it
    log: tuple[str, ...] = ()  # the last lines it wrote; empty: they cannot be read
    is_over: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What the operator is told in one mail."""

    failing: tuple[FeedTrouble, ...] = ()
    working: tuple[FeedTrouble, ...] = ()  # again
    storms: tuple[tuple[str, int], ...] = ()  # a feed, and how many of its old entries came as new ones
    begun: tuple[Condition, ...] = ()
    ended: tuple[Condition, ...] = ()
    pulse: Pulse | None = None  # None: it is no heartbeat
    end: End | None = None  # None: the daemon did not end
    feeds: int  # how many there are in all


# ── what is sent ─────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryIntent:
    """One message to one recipient that is about no article, to be queued; its bytes are frozen here."""

    channel: str
    recipient: str
    message_id: str
    message: bytes  # a whole RFC 5322 message, or what the channel takes in its place
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertIntent:
    """A rule's alert on an article, to be raised: whom it tells, from when on, and what of a story told before."""

    rule: str
    to: tuple[tuple[str, str], ...]  # channel, recipient
    due_at: datetime | None  # what came by then goes together; None: with its digest
    digest: str | None = None
    kind: str = "article"  # article; revision, carrier: of an article the rule matched before
    why: str = "group"  # what it waits for: group, digest, storm, backlog
    followups: str = "none"  # these three as in RuleSpec
    group_interval: timedelta = timedelta(minutes=5)
    repeat: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Backfill:
    """What rules found afterwards in an archived article."""

    article: int  # its id
    first_seen_at: datetime
    matches: tuple[Match, ...]
    alerts: tuple[AlertIntent, ...] = ()  # empty: nobody is told


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One entry's fate: the verdict, and for a new, revised or newly carried article what the rules made of it."""

    verdict: Verdict
    language: LanguageGuess | None = None  # None for Known: nothing was looked at again
    matches: tuple[Match, ...] = ()
    story: Join | None = None  # as in Enrichment
    event: Join | None = None  # as in Enrichment
    alerts: tuple[AlertIntent, ...] = ()
    news: bool = False  # what rules find in it alerts; False: backlog, or Known
    page: str | None = None  # the URL where its full text is to be read; None: it is not wanted
    failures: tuple[RuleFailure, ...] = ()  # as in Enrichment


@dataclass(frozen=True, slots=True, kw_only=True)
class PollOutcome:
    """Everything one poll of one feed changes; written in ONE transaction."""

    feed: str
    at: datetime
    outcome: Outcome
    status: int | None
    error: str | None  # None exactly when the outcome is a success
    duration: timedelta
    wire_bytes: int | None  # received, still encoded; None when no body came
    next_poll_at: datetime
    entries: int | None = None  # None when nothing was parsed
    gap: bool | None = None  # True: no overlap with the last poll, items may have been missed; None: cannot be told
    title: str | None = None  # the feed's own; None leaves the stored one
    language: str | None = None
    moved_to: str | None = None  # where the server says it has moved for good; None: it does not
    moved_polls: int = 0  # good polls in a row that came from there, this one included
    move: Move | None = None  # None: it is polled where it was
    ttl: timedelta | None = None  # as in ParsedFeed; written with a complete document
    period: timedelta | None = None  # as in ParsedFeed; written with a complete document
    rhythm: Rhythm | None = None  # None leaves the stored one
    identity: Identity | None = None  # None leaves the stored one
    whole: bool = False  # a complete document came, no 304
    lied: bool = False  # it had changed although the server said "not modified"
    hold: Hold | None = None  # None: the host did not ask to be left alone
    validators: Validators | None = None  # None leaves the stored ones
    body_digest: bytes | None = None  # None leaves the stored one
    entry_digests: frozenset[int] | None = None  # None leaves the stored ones
    primed: bool = False  # True: the feed's first complete document is in
    problems: tuple[str, ...] = ()  # what was wrong with the document and got mended or left out, one line each
    storm: int = 0  # entries that came as new under headlines the feed carried before; 0: no storm of such
    findings: tuple[Finding, ...] = ()

    @property
    def new(self) -> int:
        """How many articles this poll adds to the archive."""
        return sum(isinstance(finding.verdict, New) for finding in self.findings)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageOutcome:
    """Everything one reading of an article's page changes; written in ONE transaction."""

    wanted: PageWanted
    at: datetime
    status: int | None  # None: no HTTP answer came
    error: str | None  # why the feed's text stays; None exactly when there is a full text
    next_attempt_at: datetime | None = None  # None: settled, for good or ill
    hold_host_until: datetime | None = None  # the host asked to be left alone; None: it did not
    full_text: FullText | None = None  # None: the feed's text stays
    story: Join | None = None  # as in Enrichment, of the full text
    matches: tuple[Match, ...] = ()  # of rules that had not matched the article
    alerts: tuple[AlertIntent, ...] = ()
    failures: tuple[RuleFailure, ...] = ()  # as in Enrichment


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A delivery that waits for its time, with what decides when and with what it goes."""

    id: int
    alert: int
    rule: str
    story: int
    channel: str
    recipient: str
    created_at: datetime
    due_at: datetime | None  # None: with its digest
    why: str  # group, followup, digest, quiet, cap, mute, burst, storm, backlog
    digest: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """A message that was composed lately, as far as it says whether another would be too many."""

    kind: str  # story, group, followup, summary, overflow, digest, notice
    rule: str | None
    channel: str
    recipient: str
    at: datetime
    stories: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Mute:
    """A rule or a story that is not to be told of for a while. What comes meanwhile is told afterwards."""

    id: int
    rule: str | None  # None: a story is muted
    story: int | None  # None: a rule is muted
    created_at: datetime
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """Deliveries that go together, as one message to one recipient."""

    kind: str  # as in Composed
    channel: str
    recipient: str
    why: str  # what held them up, as in Waiting; of several reasons the first
    deliveries: tuple[Waiting, ...]  # in the order of raising; none: a digest that is sent although it is empty
    rule: str | None = None  # None: not one alone
    digest: str | None = None
    part: tuple[int, int] = (1, 1)  # of a mail that would be too long: which part, of how many


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Deliveries that must wait longer."""

    deliveries: tuple[int, ...]
    until: datetime
    why: str  # as in Waiting


@dataclass(frozen=True, slots=True, kw_only=True)
class TellingArticle:
    """What a message may say of one alert's article, as it is when the message is composed."""

    alert: int
    kind: str  # article, revision, carrier
    rule: str
    story: int
    article: int
    identity: str  # feed and entry key that brought it: the same in every archive
    feed: str  # key of the feed that brought it; of a carrier the feed that has it now
    outlet: str  # that feed's title
    country: str | None  # of that feed
    title: str
    lead: str  # the beginning of its text
    is_whole: bool  # there is no more text than the lead
    link: str | None
    authors: tuple[str, ...]
    language: LanguageGuess
    published_at: datetime | None
    published_source: str  # published, updated, clamped, none
    first_seen_at: datetime
    excerpt: Excerpt
    words: tuple[str, ...]  # that matched
    score: float
    relation: str | None  # to another article of its story: copy, cut, retitled, update; None: it is the first
    before: str | None  # of a revision: the title it had; None: another kind
    outlets: tuple[str, ...]  # titles of all feeds that carry its story, the first one first


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """How much a rule matched in a period, and how much it usually does in one so long."""

    rule: str
    matches: int
    usual: float | None  # mean of the periods before; None: it is not known for long enough


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMessage:
    """A message as composed, to be queued with the deliveries it is for."""

    bundle: Bundle
    message_id: str
    message: bytes
    stories: int
    subject: str = ""  # of an empty digest, which has no alert to be known by


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One queued message as the outbox holds it, for all the alerts it tells of."""

    id: int  # the message's
    channel: str
    recipient: str
    message_id: str
    message: bytes
    attempts: int  # made so far, while the channel was up
    created_at: datetime  # when it was queued, or queued anew
    refusals: int = 0  # of the recipient, so far
    is_stub: bool = False  # the mail was refused, and this is a plainer one in its place


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelState:
    """How a channel does that has messages to send."""

    channel: str
    failures: int  # how often in a row it was found down; 0: it works
    recovering: bool  # it was down, and not all that waited for it is sent yet
    sent_lately: int  # messages in the last minute; 0 when it is not recovering


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """The channel took responsibility for the message."""

    reply: str  # the server's last words, or where the file lies


@dataclass(frozen=True, slots=True, kw_only=True)
class TryAgain:
    """Not now. `channel_wide` when no other message on this channel would fare better (server down, login refused)."""

    why: str
    channel_wide: bool = False
    phase: str | None = None  # how far it came, in the channel's words; None: there is but one step
    after: timedelta | None = None  # not before that, as the other side asks; None: it did not say


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Not this message to this recipient. What becomes of it depends on what it was about."""

    why: str
    # address: it cannot be carried at all. recipient: servers refuse at first whom they take a day later (greylists,
    # policies). message: its looks or its size; a plainer one may pass.
    about: Literal["address", "recipient", "message"] = "address"
    phase: str | None = None  # as in TryAgain


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One article that an alert or a digest tells of, in the fewest words."""

    rule: str
    title: str
    link: str | None


DeliveryResult = Delivered | TryAgain | Refused
