"""The archive to look at: pages of ours and Datasette's, read-only, in a process of their own.

app       Datasette on the archive, with our pages, questions and limits; serving it
door      who comes in, and what every answer says to the browser
site      what all pages share: the configuration, the reader's language, the archive for a while
today, rules, stories, feeds, finding, out
          a page or a few each: from a request to what a template shows
shown     values as templates show them: instants, passages, links

Needs the extra `web`. Nothing here is imported by the daemon.
"""
