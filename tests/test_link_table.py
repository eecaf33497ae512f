"""Pairs of links in the shapes that publishers really use: the same article, or two different ones.

Each group says why. Where a row fails, ask first whether the row or the table of trackers is wrong: two articles under
one key is the costlier mistake.
"""

from __future__ import annotations

import pytest

from monitor.urls import link_key

LEMONDE = "https://www.lemonde.fr/international/article/2024/03/12/guerre-en-ukraine-le-point_6221512_3210.html"
GUARDIAN = "https://www.theguardian.com/world/2024/feb/24/death-toll-in-valencia-fire-rises-to-10"
NYT = "https://www.nytimes.com/2017/01/06/sports/football/nfl-playoffs-schedule-predictions.html"
DERSTANDARD = "https://www.derstandard.at/story/3000000218734/nach-kalifat-rufen-in-hamburg"
BBC = "https://www.bbc.com/news/world-europe-68535127"
ORG = "https://zeitung.example/politik/wahl-2024-ergebnisse"
ORG_ESCAPED = "https%3a%2f%2fzeitung.example%2fpolitik%2fwahl-2024-ergebnisse"

SAME: dict[str, list[tuple[str, str]]] = {
    "a campaign's name": [
        (LEMONDE, f"{LEMONDE}?xtor=RSS-3208"),
        (LEMONDE, f"{LEMONDE}?lmd_medium=push&lmd_campaign=pushios&lmd_titre=x"),
        (LEMONDE, f"{LEMONDE}#xtor=AL-32280270"),
        (BBC, f"{BBC}?at_medium=RSS&at_campaign=KARANGA"),
        (BBC, f"{BBC}?at_link_origin=BBCWorld&at_ptr_name=twitter&at_bbc_team=editorial&at_format=link"),
        (BBC, f"{BBC}?ns_mchannel=social&ns_source=twitter&ns_campaign=bbc_breaking&ns_linkname=news_central"),
        (BBC, f"{BBC}?ocid=socialflow_twitter&SThisFB"),
        (GUARDIAN, f"{GUARDIAN}?CMP=share_btn_url"),
        (GUARDIAN, f"{GUARDIAN}?INTCMP=SRCH"),
        (
            "https://www.politico.eu/article/catherine-connolly-nato-eu/",
            "https://www.politico.eu/article/catherine-connolly-nato-eu/?utm_source=RSS_Feed&utm_medium=RSS"
            "&utm_campaign=RSS_Syndication",
        ),
        (
            "https://www.cbc.ca/news/world/gaza-israel-ceasefire-negotiations-sinwar-1.7287711",
            "https://www.cbc.ca/news/world/gaza-israel-ceasefire-negotiations-sinwar-1.7287711?cmp=rss",
        ),
        (
            "https://www.heise.de/news/Ionos-Phishing-Masche-9691259.html",
            "https://www.heise.de/news/Ionos-Phishing-Masche-9691259.html?wt_mc=rss.red.ho.ho.rdf.beitrag.beitrag",
        ),
        (
            "https://www.dw.com/fr/ukraine/a-68535127",
            "https://www.dw.com/fr/ukraine/a-68535127?maca=fre-rss-fr-all-1127-rdf",
        ),
        (
            "https://www.zeit.de/news/2023-04/28/real-star-llull-entschuldigt-sich",
            "https://www.zeit.de/news/2023-04/28/real-star-llull-entschuldigt-sich?wt_zmc=sm.ext.zonaudev.mail",
        ),
        (
            "https://www.dailymail.co.uk/news/article-13198733/Moscow-attack.html",
            "https://www.dailymail.co.uk/news/article-13198733/Moscow-attack.html?ito=1490&ns_mchannel=rss",
        ),
        (
            "https://www.cbsnews.com/news/michael-webb-fort-worth/",
            "https://www.cbsnews.com/news/michael-webb-fort-worth/?ftag=CNM-00-10aab7e",
        ),
        (
            "http://www.engadget.com/2013/11/28/nokia-lumia-2520-uk-launch/",
            "http://www.engadget.com/2013/11/28/nokia-lumia-2520-uk-launch/?utm_medium=feed&utm_source=Feed_Classic"
            "&utm_campaign=Engadget&ncid=rss_semi",
        ),
        (
            "https://www.aljazeera.com/news/2024/3/12/russia-ukraine-war",
            "https://www.aljazeera.com/news/2024/3/12/russia-ukraine-war?traffic_source=rss",
        ),
        (
            "https://www.foxnews.com/world/ukraine-nato-summit",
            "https://www.foxnews.com/world/ukraine-nato-summit?intcmp=tw_fnc",
        ),
        (
            "https://www.cnbc.com/2023/04/28/many-new-bitcoin-crypto-buyers.html",
            "https://www.cnbc.com/2023/04/28/many-new-bitcoin-crypto-buyers.html?__source=iosappshare%7Ccom.apple",
        ),
        (
            "https://example.org/blog/release-2-0",
            "https://example.org/blog/release-2-0?pk_campaign=feed&pk_kwd=release&mtm_source=rss&piwik_campaign=x",
        ),
        (
            "https://example.org/blog/release-2-0",
            "https://example.org/blog/release-2-0?_hsenc=p2ANqtz-8&_hsmi=2&hsa_acc=3&hsCtaTracking=4%7C5",
        ),
        ("https://example.org/blog/release-2-0", "https://example.org/blog/release-2-0?mc_cid=8f1&mc_eid=UNIQID"),
        ("https://example.org/blog/release-2-0", "https://example.org/blog/release-2-0?mkt_tok=ODU1&vero_id=7"),
        (
            "https://www.publico.es/sociedad/vecinos-carabanchel-exigen-cambios.html",
            "https://www.publico.es/sociedad/vecinos-carabanchel-exigen-cambios.html?dicbo=v2-ppm5bdi",
        ),
    ],
    "a click's number": [
        (ORG, f"{ORG}?fbclid=IwAR0abcDEF"),
        (ORG, f"{ORG}?gclid=EAIaIQ&gclsrc=aw.ds&gbraid=0AA&wbraid=0BB&gad_source=1"),
        (ORG, f"{ORG}?msclkid=1&dclid=2&twclid=3&ttclid=4&yclid=5&igshid=6&igsh=7"),
        (ORG, f"{ORG}?_ga=2.1.1.1&_gl=1*x"),
        (ORG, f"{ORG}?ref_src=twsrc%5Etfw"),
        (ORG, f"{ORG}?__twitter_impression=true"),
        (ORG, f"{ORG}?guccounter=1&guce_referrer=aHR0cHM6Ly93d3cuZ29vZ2xlLmNvbS8&guce_referrer_sig=AQAAAM"),
        (ORG, f"{ORG}?srsltid=AfmBOoq"),
        (GUARDIAN, f"{GUARDIAN}?CMP=share_btn_url&fbclid=IwY2xjawNsYexleHRuA2FlbQIxMQ"),
    ],
    "a mark that the link stood in a feed": [
        (DERSTANDARD, f"{DERSTANDARD}?ref=rss"),
        (NYT, f"{NYT}?partner=rss&emc=rss"),
        (
            "https://www.medscape.com/viewarticle/caution-urged-virtual-care-2025a1000uja",
            "https://www.medscape.com/viewarticle/caution-urged-virtual-care-2025a1000uja?src=rss",
        ),
        (
            "https://www.lto.de/recht/hintergruende/h/gaza-waffen-exporte",
            "https://www.lto.de/recht/hintergruende/h/gaza-waffen-exporte?r=rss",
        ),
        ("http://biorxiv.org/cgi/content/short/736199v1", "http://biorxiv.org/cgi/content/short/736199v1?rss=1"),
        (
            "https://verlag.example/@emarley/replaying-this-post-d8ed0b43f0f9",
            "https://verlag.example/@emarley/replaying-this-post-d8ed0b43f0f9?source=rss-b4981c59ffa5------2",
        ),
        (
            "https://www.spiegel.de/wirtschaft/silicon-valley-bank-a-60a0111a-c2d2-46c8-9e93-b16a374e6ba8",
            "https://www.spiegel.de/wirtschaft/silicon-valley-bank-a-60a0111a-c2d2-46c8-9e93-b16a374e6ba8#ref=rss",
        ),
        (
            "https://www.kicker.de/interimstrainer-schubert-1019241/artikel",
            "https://www.kicker.de/interimstrainer-schubert-1019241/artikel#omrss",
        ),
    ],
    "a parameter that is a tracker on this site": [
        (NYT, f"{NYT}?smid=tw-bna"),
        (NYT, f"{NYT}?mwrsm=Email&_r=1&pagewanted=all"),
        (
            "https://www.theatlantic.com/culture/2025/10/dear-james/684552/",
            "https://www.theatlantic.com/culture/2025/10/dear-james/684552/?gift=f35zZN0v_gDFE8xNwlQAHUXzcik9E",
        ),
        (
            "https://www.washingtonpost.com/news/innovations/wp/2015/08/26/fixed-gear-bikes/",
            "https://www.washingtonpost.com/news/innovations/wp/2015/08/26/fixed-gear-bikes/?postshare=921440689&tid=ss_tw",
        ),
        (
            "https://www.youtube.com/watch?v=nURHgx48AzQ",
            "https://www.youtube.com/watch?v=nURHgx48AzQ&feature=youtu.be&si=abc&t=70s",
        ),
        (
            "https://www.forbes.com/sites/brucelee/2019/11/18/feather-duvet-lung/",
            "https://www.forbes.com/sites/brucelee/2019/11/18/feather-duvet-lung/?sh=5c0e1a",
        ),
        (
            "https://www.wsj.com/articles/google-stadia-11574168580",
            "https://www.wsj.com/articles/google-stadia-11574168580?mod=rss_Technology&reflink=share",
        ),
        (
            "https://news.google.com/rss/articles/CBMihAFBVV95cUxNRnMtZDFfUTgx",
            "https://news.google.com/rss/articles/CBMihAFBVV95cUxNRnMtZDFfUTgx?oc=5&hl=fr&gl=FR&ceid=FR:fr",
        ),
        (
            "https://www.npr.org/2025/10/27/nx-s1-5580608/health-insurance",
            "https://www.npr.org/2025/10/27/nx-s1-5580608/health-insurance?ft=nprml&f=1001",
        ),
        (
            "https://tech.wp.pl/rakieta-7011223344556677a",
            "https://tech.wp.pl/rakieta-7011223344556677a?ticaid=1234&_ticrsn=3",
        ),
        (
            "https://writer.substack.com/p/on-kyiv",
            "https://writer.substack.com/p/on-kyiv?r=1abc&publication_id=9&post_id=77&isFreemail=true",
        ),
        (
            "https://www.businessinsider.com/evergrande-2021-9",
            "https://www.businessinsider.com/evergrande-2021-9?r=US&IR=T",
        ),
    ],
    "another door to the same site": [
        (LEMONDE, LEMONDE.replace("https", "http")),
        (LEMONDE, LEMONDE.replace("www.", "")),
        (LEMONDE, LEMONDE.replace("www.", "m.")),
        (NYT, NYT.replace("www.", "mobile.")),
        (GUARDIAN, GUARDIAN.replace("www.", "amp.")),
        ("https://derstandard.at/2000043514173/Tante", "https://mobil.derstandard.at/2000043514173/Tante"),
        ("https://www.vg.no/nyheter/i/dRwWqB/soeskenbarna", "https://m.vg.no/nyheter/i/dRwWqB/soeskenbarna"),
        ("http://www.imore.com/pencilers-rejoice", "http://m.imore.com/pencilers-rejoice"),
        ("https://www.youtube.com/watch?v=5t5QK03KXPc", "https://m.youtube.com/watch?v=5t5QK03KXPc"),
        ("https://lb.ua/news/2024/03/12/603001.html", "https://m.lb.ua/news/2024/03/12/603001.html"),
        ("https://www.unian.ua/war/1.html", "https://www.unian.ua:443/war/1.html"),
        ("http://www.unian.ua/war/1.html", "http://www.unian.ua:80/war/1.html"),
        ("https://www.unian.ua/war/1.html", "https://WWW.UNIAN.UA./war/1.html"),
        ("https://новини.example/стаття-1", "https://xn--b1amarcd.example/%D1%81%D1%82%D0%B0%D1%82%D1%82%D1%8F-1"),
    ],
    "the AMP form of a page": [
        (
            "https://www.newsweek.com/cannabis-use-disorder-1471170",
            "https://www.newsweek.com/cannabis-use-disorder-1471170?amp=1",
        ),
        (
            "https://www.independent.co.uk/news/world/laos-methanol-b2651790.html",
            "https://www.independent.co.uk/news/world/laos-methanol-b2651790.html?amp",
        ),
        (
            "https://elpais.com/espana/2024-03-12/ucrania.html",
            "https://elpais.com/espana/2024-03-12/ucrania.html?outputType=amp",
        ),
        ("https://nypost.com/2019/11/18/bubonic-plague", "https://nypost.com/2019/11/18/bubonic-plague/amp/"),
        ("https://nypost.com/2019/11/18/bubonic-plague/", "https://nypost.com/2019/11/18/bubonic-plague/amp"),
        (
            "https://www.cbsnews.com/news/michael-webb-fort-worth/",
            "https://www.cbsnews.com/amp/news/michael-webb-fort-worth/",
        ),
        ("https://www.cnbc.com/2023/04/28/bitcoin.html", "https://www.cnbc.com/amp/2023/04/28/bitcoin.html"),
        (BBC, "https://www.bbc.com/news/amp/world-europe-68535127"),
        (
            "https://www.reuters.com/article/idUSKBN2A11EN",
            "https://www.reuters.com/article/amp/idUSKBN2A11EN",
        ),
        ("https://www.foxnews.com/world/ukraine-nato", "https://www.foxnews.com/world/ukraine-nato.amp"),
        (
            "https://www.nytimes.com/2019/11/19/opinion/impeachment.html",
            "https://www.nytimes.com/2019/11/19/opinion/impeachment.amp.html",
        ),
        (
            GUARDIAN,
            "https://www.google.com/amp/s/amp.theguardian.com/world/2024/feb/24/death-toll-in-valencia-fire-rises-to-10",
        ),
        (
            GUARDIAN,
            "https://amp-theguardian-com.cdn.ampproject.org/c/s/amp.theguardian.com/world/2024/feb/24/"
            "death-toll-in-valencia-fire-rises-to-10?amp_js_v=0.1&usqp=mq331AQGsAEggAID",
        ),
        ("http://zeitung.example/2017/01/x-1.html", "https://cdn.ampproject.org/v/zeitung.example/2017/01/x-1.html"),
    ],
    "an index page is its folder": [
        ("https://blog.example/2019/03/20/", "https://blog.example/2019/03/20/index.html"),
        ("https://blog.example/2019/03/20", "https://blog.example/2019/03/20/index.htm"),
        (
            "https://edition.cnn.com/2024/03/12/europe/ukraine",
            "https://edition.cnn.com/2024/03/12/europe/ukraine/index.html",
        ),
        ("https://amt.example/presse/2024-17/", "https://amt.example/presse/2024-17/Default.aspx"),
        ("https://amt.example/presse/2024-17/", "https://amt.example/presse/2024-17/index.php?utm_source=rss"),
    ],
    "a session": [
        ("https://amt.example/meldung/77", "https://amt.example/meldung/77;jsessionid=8F3A.node2"),
        ("https://amt.example/meldung/77?id=7", "https://amt.example/meldung/77;jsessionid=8F3A?id=7"),
        ("https://amt.example/meldung?id=7", "https://amt.example/meldung?id=7&PHPSESSID=0f3e1b"),
        ("https://amt.example/meldung?id=7", "https://amt.example/meldung?id=7&jsessionid=8F3A"),
        ("https://amt.example/meldung?id=7", "https://amt.example/(S(lit3py55t21z5v55vlm25s55))/meldung?id=7"),
        (
            "http://rainmeter.net/forum/viewtopic.php?t=21982&p=116381",
            "http://rainmeter.net/forum/viewtopic.php?t=21982&p=116381&sid=0123456789abcdef0123456789abcdef#p116381",
        ),
    ],
    "one page, written in another way": [
        (ORG, f"{ORG}/"),
        (ORG, f"{ORG}?"),
        (ORG, f"{ORG}?&"),
        (ORG, ORG.replace("/politik", "//politik")),
        (ORG, f"{ORG}#comments"),
        (ORG, ORG.replace("wahl", "%77ahl")),
        ("https://a.example/caf%c3%a9-1", "https://a.example/caf%C3%A9-1"),
        ("https://a.example/café-1", "https://a.example/caf%C3%A9-1"),
        ("https://a.example/~anne/1", "https://a.example/%7Eanne/1"),
        ("https://a.example/x?b=2&a=1", "https://a.example/x?a=1&b=2"),
        ("https://a.example/x?q=a+b", "https://a.example/x?q=a%20b"),
        ("https://a.example/x?a=1&b=2", "https://a.example/x?a=1&amp;b=2"),
        ("https://a.example/x?a=1", "https://a.example/x?a=1&amp;utm_source=rss&amp;amp;utm_medium=feed"),
        ("https://a.example/2024/./03/../03/x-1", "https://a.example/2024/03/x-1"),
    ],
    "all of an article, or its print": [
        ("https://www.heise.de/news/x-9691259.html", "https://www.heise.de/news/x-9691259.html?seite=all"),
        (
            "http://www.gq.com/story/stephen-colbert-gq-cover-story",
            "http://www.gq.com/story/stephen-colbert-gq-cover-story?currentPage=all",
        ),
        (
            "http://www.rollingstone.com/sports/features/space-jam-forever-20150819",
            "http://www.rollingstone.com/sports/features/space-jam-forever-20150819?print=true",
        ),
    ],
    "a redirection whose target stands in it": [
        (
            "https://www.sacbee.com/news/local/crime/article232483667.html",
            "https://www.google.com/url?rct=j&sa=t&url=https://www.sacbee.com/news/local/crime/article232483667.html"
            "&ct=ga&cd=CAIyHGU4ZTJkZjQ3OTVkYmIzMTc&usg=AFQjCNG",
        ),
        (ORG, "https://www.google.de/url?q=https%3A%2F%2Fzeitung.example%2Fpolitik%2Fwahl-2024-ergebnisse&sa=D"),
        (ORG, "https://www.google.co.uk/url?sa=t&q=https%3A%2F%2Fzeitung.example%2Fpolitik%2Fwahl-2024-ergebnisse"),
        (ORG, f"http://news.google.com/news/url?sa=t&fd=R&ct2=us&usg=AFQj&cid=527&url={ORG}"),
        (
            ORG,
            f"http://www.bing.com/news/apiclick.aspx?ref=FexRss&aid=&tid=1&url={ORG_ESCAPED}&c=9",
        ),
        (
            ORG,
            "https://l.facebook.com/l.php?u=https%3A%2F%2Fzeitung.example%2Fpolitik%2Fwahl-2024-ergebnisse%3Ffbclid%3DIw&h=AT0",
        ),
        (ORG, f"https://out.reddit.com/t3_1abc?url={ORG}&token=AQAA"),
        (
            ORG,
            "https://t.umblr.com/redirect?z=https%3A%2F%2Fzeitung.example%2Fpolitik%2Fwahl-2024-ergebnisse&t=ZmY&b=t",
        ),
        (ORG, f"https://eur01.safelinks.protection.outlook.com/?url={ORG.replace(':', '%3A')}&data=05%7C01&reserved=0"),
        (
            ORG,
            f"https://r.search.yahoo.com/_ylt=Awr/RV=2/RE=17/RO=10/RU={ORG_ESCAPED}/RK=2/RS=x-",
        ),
        (ORG, f"http://us.rd.yahoo.com/dailynews/rss/world/*{ORG}"),
        (ORG, f"https://web.archive.org/web/20240312120000/{ORG}"),
        (ORG, f"https://web.archive.org/web/20240312120000id_/{ORG}/?utm_source=rss"),
        (ORG, f"https://vk.com/away.php?to={ORG}&cc_key="),
        (ORG, f"https://www.youtube.com/redirect?event=video_description&q={ORG}"),
        (ORG, f"https://duckduckgo.com/l/?uddg={ORG}&rut=1"),
        (ORG, f"https://href.li/?{ORG}"),
        (ORG, f"https://consent.google.com/ml?continue={ORG}&gl=DE"),
        (ORG, f"https://feedproxy.google.com/~r/zeitung/~3/CuTP9r6XZzE/{ORG}"),
        (
            "http://www.theguardian.com/world/2014/mar/12/ukraine-nato",
            "http://rss.feedsportal.com/c/32586/f/474867/s/381f0c00/sc/7/l/0L0Stheguardian0N0Cworld0C20A140Cmar0C120C"
            "ukraine0Enato/story01.htm",
        ),
        (
            "https://zeitung.example/a-1",
            "https://news.google.com/rss/articles/CBMiG2h0dHBzOi8vemVpdHVuZy5leGFtcGxlL2EtMdIBAA?oc=5",
        ),
        (ORG, f"https://www.google.com/url?q=https%3A%2F%2Fwww.google.com%2Famp%2Fs%2F{ORG.removeprefix('https://')}"),
    ],
}

APART: dict[str, list[tuple[str, str]]] = {
    "a parameter that chooses the article": [
        ("https://blog.example/?p=123", "https://blog.example/?p=124"),
        ("https://blog.example/?page_id=2", "https://blog.example/?page_id=3"),
        ("http://abcnews.go.com/Technology/story?id=37173343", "http://abcnews.go.com/Technology/story?id=37173344"),
        ("http://www.parcoabruzzo.it/dettaglio.php?id=58354", "http://www.parcoabruzzo.it/dettaglio.php?id=58355"),
        ("https://a.example/news?article=1", "https://a.example/news?article=2"),
        ("https://a.example/news?story=1", "https://a.example/news?story=2"),
        ("https://www.youtube.com/watch?v=Ejoi9yfLVCc", "https://www.youtube.com/watch?v=svpvEfQ1cp8"),
        ("https://a.example/show?newsid=1", "https://a.example/show?newsid=2"),
        (
            "https://news.naver.com/main/read.naver?oid=001&aid=0012345678",
            "https://news.naver.com/main/read.naver?oid=001&aid=0012345679",
        ),
        (
            "https://www.muhasebetr.com/ulusalbasin/haber_oku.php?haber_id=34615",
            "https://www.muhasebetr.com/ulusalbasin/haber_oku.php?haber_id=34616",
        ),
        (
            "http://www.kc0011.net/dispbbs.asp?BoardID=10&ID=25164124&Page=1",
            "http://www.kc0011.net/dispbbs.asp?BoardID=10&ID=25164257&Page=1",
        ),
        (
            "http://sites.radiofrance.fr/francemusique/em/label-pop/index.php?e_id=105000065&d_id=515008638",
            "http://sites.radiofrance.fr/francemusique/em/label-pop/index.php?e_id=105000065&d_id=515008969",
        ),
        (
            "http://www.tjrs.jus.br/site_php/noticias/mostranoticia.php?assunto=1&categoria=1&item=506095",
            "http://www.tjrs.jus.br/site_php/noticias/mostranoticia.php?assunto=1&categoria=1&item=506096",
        ),
        (
            "http://rubyforge.org/forum/forum.php?forum_id=29859",
            "http://rubyforge.org/forum/forum.php?forum_id=29846",
        ),
        ("http://jobs.joelonsoftware.com/default.asp?4447", "http://jobs.joelonsoftware.com/default.asp?4448"),
        ("https://docs.google.com/Doc?docid=12345", "https://docs.google.com/Doc?docid=12346"),
        (
            "https://www.facebook.com/photo.php?fbid=584967451553032",
            "https://www.facebook.com/photo.php?fbid=584967451553033",
        ),
        (
            "https://www.npr.org/templates/story/story.php?storyId=1",
            "https://www.npr.org/templates/story/story.php?storyId=2",
        ),
        (
            "https://news.ycombinator.com/item?id=1",
            "https://news.ycombinator.com/item?id=2",
        ),
        (
            "https://a.example/index.php?option=com_content&view=article&id=77",
            "https://a.example/index.php?option=com_content&view=article&id=78",
        ),
        ("https://a.example/index.html?content=1", "https://a.example/index.html?content=2"),
        ("https://a.example/2024/index.html?content=1", "https://a.example/2024/index.html"),
        ("https://a.example/?cat=7&n=1", "https://a.example/?cat=7&n=2"),
        (
            "https://diskuse.example/?action=vthread&topic=173233",
            "https://diskuse.example/?action=vthread&topic=173234",
        ),
        (
            "https://a.example/?tx_news_pi1%5Bnews%5D=2236&cHash=892a",
            "https://a.example/?tx_news_pi1%5Bnews%5D=2237&cHash=1b3c",
        ),
        ("https://a.example/kalender/?mc_id=5", "https://a.example/kalender/?mc_id=6"),
        ("https://a.example/x?pk=1", "https://a.example/x?pk=2"),
        ("https://a.example/x?c=AT%26T", "https://a.example/x?c=AT"),
        ("https://a.example/x?c=AT&T", "https://a.example/x?c=AT%26T"),
        ("https://a.example/x?at=1", "https://a.example/x?at=2"),
        ("https://a.example/x?v=", "https://a.example/x"),
        ("https://a.example/x?utm=1", "https://a.example/x?utm=2"),
        ("https://a.example/x?q=utm_source%3D1", "https://a.example/x?q=utm_source%3D2"),
        ("https://a.example/x?id=1;2", "https://a.example/x?id=1;3"),
        ("https://a.example/x?tag=a&tag=b", "https://a.example/x?tag=a"),
    ],
    "a name that is a tracker elsewhere": [
        ("https://www.zeitung.example/x?ref=1234", "https://www.zeitung.example/x?ref=1235"),
        ("https://www.zeitung.example/x?src=afp", "https://www.zeitung.example/x?src=dpa"),
        ("https://www.zeitung.example/x?source=1", "https://www.zeitung.example/x?source=2"),
        ("https://www.zeitung.example/x?partner=1", "https://www.zeitung.example/x?partner=2"),
        ("https://www.zeitung.example/x?from=2024-01-01", "https://www.zeitung.example/x?from=2024-01-02"),
        ("https://www.zeitung.example/x?tid=1", "https://www.zeitung.example/x?tid=2"),
        ("https://www.zeitung.example/x?cid=1", "https://www.zeitung.example/x?cid=2"),
        ("https://www.zeitung.example/x?mod=a", "https://www.zeitung.example/x?mod=b"),
        ("https://www.zeitung.example/x?mbid=1", "https://www.zeitung.example/x?mbid=2"),
        ("https://www.zeitung.example/x?t=1", "https://www.zeitung.example/x?t=2"),
        ("https://www.zeitung.example/x?s=1", "https://www.zeitung.example/x?s=2"),
        ("https://www.zeitung.example/x?hl=fr", "https://www.zeitung.example/x?hl=uk"),
        ("https://notnytimes.com/x?smid=1", "https://notnytimes.com/x?smid=2"),
        ("https://nytimes.com.example.org/x?smid=1", "https://nytimes.com.example.org/x?smid=2"),
    ],
    "a story's id that is called like a session": [
        ("https://a.example/article.pl?sid=03/11/24/1234", "https://a.example/article.pl?sid=03/11/24/1235"),
        ("https://a.example/modules.php?name=News&sid=812", "https://a.example/modules.php?name=News&sid=813"),
        (
            "https://a.example/x?sid=0123456789abcdef0123456789abcdef",
            "https://a.example/x?sid=0123456789abcdef0123456789abcdee",
        ),
        ("https://a.example/x?session=12", "https://a.example/x?session=13"),
    ],
    "another page of it": [
        ("https://a.example/live/kyiv-1?page=2", "https://a.example/live/kyiv-1"),
        ("https://a.example/live/kyiv-1?page=2", "https://a.example/live/kyiv-1?page=3"),
        ("https://a.example/x-1?seite=2", "https://a.example/x-1?seite=3"),
        ("https://a.example/x-1?print=7", "https://a.example/x-1?print=8"),
        ("https://a.example/x-1?amp=12", "https://a.example/x-1?amp=13"),
        ("https://a.example/x?view=article&id=1", "https://a.example/x?view=gallery&id=1"),
    ],
    "another host": [
        ("https://a.example/x-1", "https://b.example/x-1"),
        ("https://de.euronews.com/2024/x", "https://fr.euronews.com/2024/x"),
        ("https://roma.repubblica.it/x-1", "https://milano.repubblica.it/x-1"),
        ("https://www1.wdr.de/x-1", "https://www.wdr.de/x-1"),
        ("https://m.de/x-1", "https://www.de/x-1"),
        ("https://www.de/x-1", "https://mobile.de/x-1"),
        ("https://news.de/x-1", "https://www.de/x-1"),
        ("https://m.co.uk/x-1", "https://mobile.co.uk/x-1"),
        ("https://m.com.ua/x-1", "https://amp.com.ua/x-1"),
        ("https://amp.tumblr.com/post/1", "https://m.tumblr.com/post/1"),
        ("https://m.blogspot.com/2010/01/x.html", "https://mobile.blogspot.com/2010/01/x.html"),
        ("https://am.example.org/x-1", "https://example.org/x-1"),
        ("https://wwwx.example.org/x-1", "https://example.org/x-1"),
        ("https://a.example:8080/x-1", "https://a.example/x-1"),
        ("https://[2001:db8::1]/x-1", "https://[2001:db8::2]/x-1"),
    ],
    "another path": [
        ("https://a.example/x", "https://a.example/X"),
        ("https://a.example/tag/amp", "https://a.example/tag"),
        ("https://a.example/en/amp", "https://a.example/en/print"),
        ("https://github.com/ampproject/amp", "https://github.com/ampproject/print"),
        ("https://a.example/index-2726.html", "https://a.example/index-2727.html"),
        ("https://a.example/index.php/news/123", "https://a.example/index.php/news/124"),
        ("https://a.example/index/1", "https://a.example/1"),
        ("https://a.example/a-1/print", "https://a.example/a-1/druck"),
        ("https://a.example/a%2Fb-1", "https://a.example/a/b-1"),
        ("https://a.example/a%20b-1", "https://a.example/a+b-1"),
        ("https://a.example/a;v=1", "https://a.example/a;v=2"),
        ("http://note100yen.com/en-180816.html", "http://note100yen.com/en-180817.html"),
        ("https://menway.interia.pl/news-angus,nId,5222535", "https://menway.interia.pl/news-angus,nId,5222536"),
        (
            "https://wiadomosci.gazeta.pl/7,114883,27025667,x.html",
            "https://wiadomosci.gazeta.pl/7,114883,27025668,x.html",
        ),
    ],
    "a fragment that loads the page": [
        ("https://a.example/#!/one", "https://a.example/#!/two"),
        ("https://a.example/index.html#!/one", "https://a.example/index.html#!/two"),
        ("https://a.example/news#!id=1", "https://a.example/news"),
    ],
    "two targets of a redirection": [
        (f"https://www.google.com/url?q={ORG}-1", f"https://www.google.com/url?q={ORG}-2"),
        (f"https://web.archive.org/web/2024/{ORG}-1", f"https://web.archive.org/web/2024/{ORG}-2"),
        (f"https://www.google.com/search?q={ORG}", f"https://www.google.com/url?q={ORG}"),
    ],
    "a redirection that hides its target": [
        (
            "http://feedproxy.google.com/~r/GiantRobots/~3/CuTP9r6XZzE/buttons-with-hold-events",
            "http://feedproxy.google.com/~r/GiantRobots/~3/DeWX2QCae6A/tell-don-t-ask-in-elixir",
        ),
        (
            "http://rss.cnn.com/~r/rss/cnn_topstories/~3/1YQ9ZGA7lPM/",
            "http://rss.cnn.com/~r/rss/cnn_topstories/~3/2YQ9/",
        ),
        (
            "https://news.google.com/rss/articles/CBMihAFBVV95cUxNRnMtZDFfUTgx",
            "https://news.google.com/rss/articles/CBMihAFBVV95cUxNRnMtZDFfUTgy",
        ),
        (
            "https://economictimes.feedsportal.com/fy/8av2EvY0ZbXKa2NA/story01.htm",
            "https://economictimes.feedsportal.com/fy/8av2EvY0ZbXKa2NB/story01.htm",
        ),
    ],
    "a page that only carries another's address": [
        (ORG, f"https://www.facebook.com/sharer.php?u={ORG}"),
        (ORG, f"https://login.zeitung.example/?continue={ORG}"),
        (ORG, f"https://kommentar.example/thread?url={ORG}"),
        (ORG, f"http://www.loopinsight.example/redirect?s=/feed/&u={ORG}"),
        (ORG, f"https://www.google.com/url?q=ftp://{ORG.removeprefix('https://')}"),
        ("https://www.google.com/url?q=http://localhost/x", "http://localhost/x"),
    ],
}


def rows(table: dict[str, list[tuple[str, str]]]) -> list[object]:
    return [
        pytest.param(one, other, id=f"{why} {number}")
        for why, pairs in table.items()
        for number, (one, other) in enumerate(pairs, start=1)
    ]


@pytest.mark.parametrize(("one", "other"), rows(SAME))
def test_the_same_article_has_one_key(one: str, other: str) -> None:
    assert link_key(one) is not None
    assert link_key(one) == link_key(other)


@pytest.mark.parametrize(("one", "other"), rows(APART))
def test_two_articles_have_two_keys(one: str, other: str) -> None:
    assert link_key(one) is not None
    assert link_key(other) is not None
    assert link_key(one) != link_key(other)


def test_the_key_of_every_key_in_the_tables_is_the_key() -> None:
    for table in (SAME, APART):
        for one, other in (pair for pairs in table.values() for pair in pairs):
            for key in (link_key(one), link_key(other)):
                assert link_key(f"https://{key}") == key
