"""What we say to the operator, in the languages we speak; in the form of `words`."""

from __future__ import annotations

from collections.abc import Mapping

Phrase = str | tuple[str, str]  # one form, or two: of one, of several

NOTICE_PHRASES: Mapping[str, tuple[Phrase, Phrase]] = {
    # what a subject is put together from
    "fail": (
        ("1 feed fails: {names}", "{n} feeds fail: {names}"),
        ("1 flux échoue : {names}", "{n} flux échouent : {names}"),
    ),
    "work": (
        ("1 feed works again: {names}", "{n} feeds work again: {names}"),
        ("1 flux fonctionne à nouveau : {names}", "{n} flux fonctionnent à nouveau : {names}"),
    ),
    "repeat": (
        ("1 feed repeats itself: {names}", "{n} feeds repeat themselves: {names}"),
        ("1 flux se répète : {names}", "{n} flux se répètent : {names}"),
    ),
    "feed_silent": (
        ("1 feed is silent: {names}", "{n} feeds are silent: {names}"),
        ("1 flux est muet : {names}", "{n} flux sont muets : {names}"),
    ),
    "rule_silent": (
        ("1 rule finds nothing any more: {names}", "{n} rules find nothing any more: {names}"),
        ("1 règle ne trouve plus rien : {names}", "{n} règles ne trouvent plus rien : {names}"),
    ),
    "rule_spike": (
        ("1 rule finds far more than usual: {names}", "{n} rules find far more than usual: {names}"),
        (
            "1 règle trouve bien plus que d’ordinaire : {names}",
            "{n} règles trouvent bien plus que d’ordinaire : {names}",
        ),
    ),
    "channel_down": (
        ("1 channel is down: {names}", "{n} channels are down: {names}"),
        ("1 canal est en panne : {names}", "{n} canaux sont en panne : {names}"),
    ),
    "backup_fails": (
        ("the backup fails: {names}", "{n} backups fail: {names}"),
        ("la sauvegarde échoue : {names}", "{n} sauvegardes échouent : {names}"),
    ),
    "backup_fails_over": (
        ("the backup works again: {names}", "{n} backups work again: {names}"),
        ("la sauvegarde fonctionne à nouveau : {names}", "{n} sauvegardes fonctionnent à nouveau : {names}"),
    ),
    "log_grows": (
        ("the archive's log grows: {names}", "{n} archives' logs grow: {names}"),
        ("le journal de l’archive grossit : {names}", "{n} journaux d’archive grossissent : {names}"),
    ),
    "log_grows_over": (
        ("the archive's log was cut: {names}", "{n} archives' logs were cut: {names}"),
        ("le journal de l’archive a été réduit : {names}", "{n} journaux d’archive ont été réduits : {names}"),
    ),
    "rule_fails": (
        ("1 rule fails: {names}", "{n} rules fail: {names}"),
        ("1 règle échoue : {names}", "{n} règles échouent : {names}"),
    ),
    "rule_fails_over": (
        ("1 rule works again: {names}", "{n} rules work again: {names}"),
        ("1 règle fonctionne à nouveau : {names}", "{n} règles fonctionnent à nouveau : {names}"),
    ),
    "feed_silent_over": (
        ("1 feed publishes again: {names}", "{n} feeds publish again: {names}"),
        ("1 flux publie à nouveau : {names}", "{n} flux publient à nouveau : {names}"),
    ),
    "rule_silent_over": (
        ("1 rule finds something again: {names}", "{n} rules find something again: {names}"),
        ("1 règle trouve à nouveau : {names}", "{n} règles trouvent à nouveau : {names}"),
    ),
    "rule_spike_over": (
        ("1 rule is back to its usual: {names}", "{n} rules are back to their usual: {names}"),
        ("1 règle est revenue à l’ordinaire : {names}", "{n} règles sont revenues à l’ordinaire : {names}"),
    ),
    "channel_down_over": (
        ("1 channel works again: {names}", "{n} channels work again: {names}"),
        ("1 canal fonctionne à nouveau : {names}", "{n} canaux fonctionnent à nouveau : {names}"),
    ),
    # headings
    "these_fail": ("These feeds fail", "Ces flux échouent"),
    "these_work": ("These feeds work again", "Ces flux fonctionnent à nouveau"),
    "these_began": ("Out of the ordinary", "Sortant de l’ordinaire"),
    "these_ended": ("Over", "Terminé"),
    # what is said of each
    "failed_polls": (
        ("1 poll failed, since {since}. Next poll {next}.", "{n} polls failed, since {since}. Next poll {next}."),
        (
            "1 relevé a échoué, depuis {since}. Prochain relevé {next}.",
            "{n} relevés ont échoué, depuis {since}. Prochain relevé {next}.",
        ),
    ),
    "reported": ("reported on {when}", "signalé {when}"),
    "said_feed_silent": (
        "Nothing new since {since}; usually {usual} times a day. It is polled without an error, so its publisher is"
        " quiet, or goes on at another address.",
        "Rien de nouveau depuis {since} ; d’ordinaire {usual} fois par jour. Il est relevé sans erreur : son éditeur se"
        " tait, ou publie à une autre adresse.",
    ),
    "said_rule_silent": (
        "Nothing found since {since}; usually {usual} articles a day. See whether its feeds still carry what it looks"
        " for: `monitor rules test {shell}`.",
        "Rien trouvé depuis {since} ; d’ordinaire {usual} articles par jour. Voyez si ses flux portent encore ce"
        " qu’elle cherche : `monitor rules test {shell}`.",
    ),
    "said_rule_spike": (
        "{count} articles in 24 hours, where {usual} are usual.",
        "{count} articles en 24 heures, contre {usual} d’ordinaire.",
    ),
    "said_rule_fails": (
        "It could not be held against {count} articles since {since}; the others were. This is a fault of monitor's:"
        " please report it. When it is mended, `monitor rules test {shell} --backfill 7d --alert` tells what was"
        " missed, once.",
        "Elle n’a pas pu être appliquée à {count} articles depuis {since} ; les autres l’ont été. C’est une faute de"
        " monitor : merci de la signaler. Une fois corrigée, `monitor rules test {shell} --backfill 7d --alert` envoie"
        " ce qui manquait, une seule fois.",
    ),
    "said_backup_fails": (
        "No copy of the archive since {since}. It is tried again every hour.",
        "Aucune copie de l’archive depuis {since}. Un nouvel essai a lieu toutes les heures.",
    ),
    "said_log_grows": (
        "The write-ahead log beside the archive has {count} MB. Some program has been reading the archive for long:"
        " `fuser -v {shell}` names it. End it, and the log is cut by itself.",
        "Le journal à côté de l’archive compte {count} Mo. Un programme lit l’archive depuis longtemps :"
        " `fuser -v {shell}` le nomme. Arrêtez-le, et le journal se réduira de lui-même.",
    ),
    "said_channel_down": (
        "Nothing can be sent since {since}. What is for it waits, and goes out when it works again.",
        "Rien ne peut être envoyé depuis {since}. Ce qui lui est destiné attend, et partira dès que possible.",
    ),
    "storm": (
        "{feed} brought {n} entries as new whose headlines it had carried before: its guids and links do not last. They"
        " are kept, and their alerts come together in one digest. When this goes on, ask the publisher, or take another"
        " feed of theirs.",
        "{feed} a présenté comme nouvelles {n} entrées dont il avait déjà porté les titres : ses guid et ses liens ne"
        " durent pas. Elles sont gardées, et leurs alertes viennent en un seul envoi. Si cela continue, parlez-en à"
        " l’éditeur, ou prenez un autre de ses flux.",
    ),
    "our_own_line": (
        "Most feeds cannot be reached. Probably this machine's own connection or its name server is down, and not the"
        " feeds.",
        "La plupart des flux sont injoignables. La connexion de cette machine ou son serveur de noms sont probablement"
        " en cause, et non les flux.",
    ),
    "never_given_up": (
        "A feed that fails is never given up: it is asked at least once a day. `monitor status` shows how all are"
        " doing.",
        "Un flux en échec n’est jamais abandonné : il est relevé au moins une fois par jour. `monitor status` montre"
        " l’état de l’ensemble.",
    ),
    "why_notice": (
        "You get this mail because you run monitor. A channel named “operator” in feeds.yaml gets these notices in your"
        " place. Contact: {contact}",
        "Vous recevez cet e-mail parce que vous exploitez monitor. Un canal nommé « operator » dans feeds.yaml"
        " recevrait ces avis à votre place. Contact : {contact}",
    ),
    # the heartbeat
    "all_well": ("all well", "tout va bien"),
    "needs_a_look": ("needs a look", "à regarder"),
    "feeds": (("1 feed", "{n} feeds"), ("1 flux", "{n} flux")),
    "new_articles": (("1 article", "{n} articles"), ("{n} article", "{n} articles")),
    "failing_feeds": (("1 feed fails", "{n} feeds fail"), ("1 flux échoue", "{n} flux échouent")),
    "waiting_alerts": ("{n} waiting", "{n} en attente"),
    "dead_letters": (
        ("1 message given up", "{n} messages given up"),
        ("1 message abandonné", "{n} messages abandonnés"),
    ),
    "coverage": ("coverage {percent}", "couverture {percent}"),
    "label_since": ("Since", "Depuis"),
    "label_feeds": ("Feeds", "Flux"),
    "label_articles": ("New articles", "Nouveaux articles"),
    "label_sent": ("Messages sent", "Messages envoyés"),
    "label_queued": ("To be sent", "À envoyer"),
    "label_waiting": ("Alerts that wait", "Alertes en attente"),
    "label_dead": ("Given up", "Abandonnés"),
    "label_coverage": ("Coverage", "Couverture"),
    "label_gaps": ("Gaps", "Lacunes"),
    "of_which_fail": ("{feeds}, of which {n} fail", "{feeds}, dont {n} en échec"),
    "none": ("none", "aucune"),
    "coverage_means": (
        "Coverage is the share of the feeds' time in which nothing can have been missed. A gap is a poll that found"
        " nothing of the document before.",
        "La couverture est la part du temps des flux où rien n’a pu être manqué. Une lacune est un relevé qui n’a rien"
        " retrouvé du document précédent.",
    ),
    "look_at_dead": (
        "`monitor alerts list --state dead` names what was given up, `monitor alerts resend` sends it once more.",
        "`monitor alerts list --state dead` montre ce qui a été abandonné, `monitor alerts resend` le renvoie.",
    ),
    # the daemon's own end
    "died": ("monitor has stopped on {host}", "monitor s’est arrêté sur {host}"),
    "died_means": (
        "The service manager gave it up. Nothing is polled and nothing is sent until it runs again; what was archived"
        " and queued is kept.",
        "Le gestionnaire de services l’a abandonné. Rien n’est relevé ni envoyé jusqu’à son retour ; ce qui était"
        " archivé et en file est conservé.",
    ),
    "died_next": (
        "See `journalctl -u {unit}`, mend what it says, then `systemctl restart {unit}`.",
        "Voyez `journalctl -u {unit}`, corrigez ce qu’il dit, puis `systemctl restart {unit}`.",
    ),
    "runs_again": ("monitor runs again on {host}", "monitor fonctionne à nouveau sur {host}"),
    "runs_again_means": (
        "It had stopped on {since}. What its feeds still held is fetched now, and what was queued goes out.",
        "Il s’était arrêté {since}. Ce que les flux contiennent encore est relevé, et ce qui attendait part.",
    ),
    # a channel's test
    "channel_works": ("the channel {channel} works", "le canal {channel} fonctionne"),
    "channel_works_head": ("The channel “{channel}” works", "Le canal « {channel} » fonctionne"),
    "test_sent": (
        "This test was sent at {when} to {recipient}. Alerts take the same way.",
        "Cet essai a été envoyé {when} à {recipient}. Les alertes prennent le même chemin.",
    ),
    "why_test": (
        "Somebody asked monitor to send this. Questions: {contact}",
        "Quelqu’un a demandé cet envoi à monitor. Questions : {contact}",
    ),
}
