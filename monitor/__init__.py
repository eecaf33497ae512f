"""monitor: feeds in, every article kept once, alerts out, an archive open to SQL.

The map, bottom to top; a module imports only from layers below its own (held by `tests/test_layers.py`):

    words   model  errors
    core    conditional  cadence  text  urls  language  parse  normalise  dedupe  rules  mail  render  alert
    edges   config  fetch  workers  archive/  channels/  logs  notify
    flows   poll  digest  deliver
    entry   daemon  cli

One article passes: daemon → poll → fetch → workers (parse, normalise) → archive + dedupe → workers (language, rules)
→ alert + render → archive, one transaction → deliver → channel → archive.
"""

__version__ = "0.1.0"
