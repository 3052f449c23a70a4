"""The words of labeling rules: their kinds, and the sentences that the engine refuses a rule with."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

KIND_HINTS = {
    "keyword": _("One of a few words or phrases, or all of them. Whole words count, whatever their case."),
    "regex": _("A pattern in Python's syntax. One that searches a text for more than a tenth of a second is stopped."),
    "dictionary": _("A long list, such as names of places or products; up to 50,000 entries."),
}
# labeling/engine/rules/kinds.py raises them in English.
SENTENCES = [
    gettext_noop("Write a regular expression of 1 to %(most)s characters."),
    gettext_noop("This is no regular expression: %(reason)s."),
    gettext_noop("This pattern also fits an empty text, so it would hit everything."),
    gettext_noop("How many entries must be there is a whole number from 1 to %(most)s."),
    gettext_noop("There is no such kind of rule; choose one of %(kinds)s."),
    gettext_noop("This must be an object."),
    gettext_noop("Write one word or phrase a line."),
    gettext_noop("Write from 1 to %(most)s words or phrases, one a line; these are %(count)s."),
    gettext_noop("“%(term)s…” has more than %(most)s characters; write shorter ones."),
    gettext_noop("This must be true or false."),
]
