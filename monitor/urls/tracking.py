"""Which parameters of a link only say where its reader came from, and so do not belong to the article's identity.

Two articles under one key is the costlier mistake. A name is dropped everywhere only when nobody would choose an
article by it; a name that is a tracker on one site and chooses the article on another is dropped on that site alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote_plus

from monitor.text import digest

# By each of these some site chooses the article, so none of them may ever be dropped for all sites.
MEANINGFUL = frozenset(
    "a aid art article article_id articleid artid artigo artikel c cat category cid content contentid date day doc "
    "docid document e entry entry_id entryid event f feed file forum g gid guid h haber_id i id idx issue item "
    "item_id itemid k key l lang lid list locale m mid mode month msg n name new news news_id newsid nid no node nr "
    "num number o oid option p page page_id pageid pid pk post post_id postid pp press q query r s search section "
    "seite sid slug song story story_id storyid t tid title topic topicid tx_news_pi1 u uid url v vid video view w x "
    "y year z".split()
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterRules:
    """Which parameters are dropped and which are kept, whatever else is said of them.

    Each is written in lower case, as a name (`fbclid`), the beginning of one (`utm_*`), a name with its value
    (`ref=rss`) or with the value's beginning (`source=rss-*`).
    """

    drop: frozenset[str] = frozenset()
    keep: frozenset[str] = frozenset()
    # The beginnings among them, without their stars.
    _drop_from: tuple[str, ...] = field(init=False, repr=False, compare=False)
    _keep_from: tuple[str, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_drop_from", _beginnings(self.drop))
        object.__setattr__(self, "_keep_from", _beginnings(self.keep))

    def drops(self, name: str, pair: str) -> bool | None:
        """Whether a parameter is dropped, given its name and the whole pair, in lower case. None: nothing is said."""
        if self.keep and (name in self.keep or pair in self.keep or pair.startswith(self._keep_from)):
            return False
        if name in self.drop or pair in self.drop or pair.startswith(self._drop_from):
            return True
        return None


def _beginnings(patterns: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(pattern[:-1] for pattern in patterns if pattern.endswith("*")))


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRules:
    """What is dropped from links before they are compared: on all sites, and on some.

    What is said of a site wins over what is said of all, and `keep` over `drop`. A rule for `example.org` holds for
    `blog.example.org` too.
    """

    everywhere: ParameterRules = ParameterRules()
    hosts: Mapping[str, ParameterRules] = field(default_factory=dict)  # host, without www. and its like → its rules

    def for_host(self, host: str) -> tuple[ParameterRules, ...]:
        """The rules that hold for a host, the most special ones first."""
        said = [self.hosts[name] for name in and_parents(host) if name in self.hosts]
        return (*said, self.everywhere)

    def extended(
        self, *, drop: Iterable[str] = (), keep: Iterable[str] = (), hosts: Mapping[str, ParameterRules] | None = None
    ) -> LinkRules:
        """These rules with others on top, which win where the two disagree."""
        drop, keep = frozenset(drop), frozenset(keep)
        merged = {host: _on_top(rules, ParameterRules(keep=keep)) for host, rules in self.hosts.items()}
        for host, rules in (hosts or {}).items():
            merged[host] = _on_top(merged.get(host, ParameterRules()), rules)
        return LinkRules(everywhere=_on_top(self.everywhere, ParameterRules(drop=drop, keep=keep)), hosts=merged)

    @property
    def digest(self) -> int:
        """63 bits over everything these rules say; other rules have another one."""
        by_host = [("", self.everywhere), *sorted(self.hosts.items(), key=lambda item: item[0])]
        return digest(
            *(part for host, rules in by_host for part in (host, *sorted(rules.drop), None, *sorted(rules.keep), None))
        )


def _on_top(below: ParameterRules, above: ParameterRules) -> ParameterRules:
    return ParameterRules(drop=(below.drop - above.keep) | above.drop, keep=(below.keep - above.drop) | above.keep)


def and_parents(host: str) -> Iterator[str]:
    """A host name, and the names it lies under: a.example.org, example.org, org."""
    while host:
        yield host
        host = host.partition(".")[2]


def kept_pairs(query: str, rules: tuple[ParameterRules, ...]) -> list[str]:
    """The pairs of a query that are not dropped, in their order. Of the rules, the first that says something counts."""
    return [pair for pair in query.split("&") if pair and not _is_dropped(pair.lower(), rules)]


def _is_dropped(pair: str, rules: tuple[ParameterRules, ...]) -> bool:
    name = pair.partition("=")[0]
    if "%" in name:
        name = unquote_plus(name)
    for each in rules:
        said = each.drops(name, pair)
        if said is not None:
            return said
    return False


# ── our own table ────────────────────────────────────────────────────────────────────────────────────────────────────

_CAMPAIGNS = """
    utm_* mtm_* matomo_* piwik_* pk_campaign pk_kwd pk_keyword pk_source pk_medium pk_content pk_cid hsa_* at_* xtor
    xtcr xts xtref xtatc ns_mchannel ns_source ns_campaign ns_linkname ns_fee s_cid s_kwcid ef_id wt_mc wt.mc_id
    wt_zmc wt.tsrc mc_cid mc_eid mc_tc mkt_tok oly_anon_id oly_enc_id vero_id vero_conv _hsenc _hsmi __hssc __hstc
    __hsfp hsctatracking _openstat _ke _kx _bta_c _bta_tid cmp cmpid ocid ncid ftag ito maca sc_cid wickedid
    traffic_source intcmp __source tblci dicbo obclid sara_ref wtrid guccounter guce_referrer
    guce_referrer_sig soc_src soc_trk .tsrc echobox
"""
_CLICKS = """
    fbclid fb_ref fb_source fb_action_ids fb_action_types action_object_map action_type_map action_ref_map gclid gclsrc
    gbraid wbraid gad_source gad_campaignid dclid msclkid twclid ttclid yclid ysclid ymclid srsltid igsh igshid
    li_fat_id epik rdt_cid sccid irclickid _branch_match_id _branch_referrer _ga _gl ref_src __twitter_impression
    mibextid rb_clickid awc zanpid
"""
# What one page looks like, never which page it is: the AMP form, a print view, all of an article's pages on one.
_VIEWS = """
    amp= amp=1 amp=true amp=yes outputtype=amp output=amp view=amp type=amp mode=amp format=amp layout=amp service=amp
    amp_js_v amp_gsa amp_ct usqp print=1 print=true print=yes print=y printable=1 printable=true printable=yes
    pagewanted=all pagewanted=print page=all seite=all currentpage=all singlepage=1 singlepage=true single_page=true
"""
# Parameters that may choose the article, with a value that only says the link stood in a feed.
_FEEDS = [
    *(f"{name}=rss" for name in "ref source src from r via partner origin emc cmp feedtype mod sr".split()),
    *("rss=1", "rss=true", "rss=yes", "source=rss-*", "src=rss-*", "ref=rss-*", "from=rss-*", "mod=rss_*"),
]
_SESSIONS = "phpsessid jsessionid aspsessionid* oscsid zenid"

_SITES = {
    "abcnews.go.com": "cid",
    "asahi.com": "iref",
    "bbc.co.uk": "sthisfb intlink_from_url",
    "bbc.com": "sthisfb intlink_from_url",
    "bloomberg.com": "srnd sref",
    "businessinsider.com": "r ir op",
    "cnn.com": "eref iref iid sr xid",
    "economist.com": "fsrc",
    "elpais.com": "ssm id_externo_rsoc prm rel",
    "facebook.com": "__tn__ ref refid _rdr rdid __cft__[0] __xts__[0]",
    "forbes.com": "sh ss",
    "ft.com": "ftcamp segmentid desktop",
    "lemonde.fr": "lmd_*",
    "linkedin.com": "trk trackingid trkinfo refid lipi",
    "marketwatch.com": "mod siteid",
    "medium.com": "source sk",
    "msn.com": "cvid ei uxmode pc",
    "ndtv.com": "pfrom",
    "news.google.com": "hl gl ceid oc",
    "newyorker.com": "mbid bxid cndid esrc source",
    "nikkei.com": "n_cid",
    "npr.org": "ft f",
    "nytimes.com": "smid smtyp partner emc _r mwrsm referringsource unlocked_article_code sgrp pgtype campaign_id "
    "instance_id segment_id regi_id nl te",
    "reuters.com": "feedtype feedname virtualbrandchannel rpc",
    "seznamzpravy.cz": "dop_* seq_no source",
    "substack.com": "r publication_id post_id isfreemail triedredirect showwelcome",
    "theatlantic.com": "gift",
    "tiktok.com": "_r _t is_from_webapp sender_device",
    "twitter.com": "s t ref_url",
    "washingtonpost.com": "postshare tid itid wpisrc wpmm wprss noredirect",
    "welt.de": "wtmc cid",
    "wired.com": "mbid bxid cndid esrc",
    "wp.pl": "ticaid _ticrsn",
    "wsj.com": "mod reflink st",
    "x.com": "s t ref_url",
    "youtube.com": "si feature pp ab_channel app t",
}

DEFAULT = LinkRules(
    everywhere=ParameterRules(drop=frozenset([*f"{_CAMPAIGNS} {_CLICKS} {_VIEWS} {_SESSIONS}".split(), *_FEEDS])),
    hosts={host: ParameterRules(drop=frozenset(names.split())) for host, names in _SITES.items()},
)
