"""The texts that the scripts of core/static/core show. A script asks for one by its English words."""

from django.utils.translation import gettext_noop as _

WORDS = [
    *(_("Waiting"), _("Running"), _("Stopping"), _("Done"), _("Failed"), _("Cancelled")),
    *(_("Cancel"), _("Close"), _("Yes, stop it"), _("Stop this job? What it has finished is kept.")),
    *(_("{done} of {total}"), _("{count} rows"), _("{count} refused"), _("{time} elapsed"), _("Attempt {number}")),
    *(_("The server does not answer. Trying again…"), _("You are signed out. Sign in again to go on.")),
    _("The server answered {status}. Reload the page and try again."),
    *(_("Copied"), _("This browser does not let the page copy. Select the text and copy it.")),
    *(_("Choose one file, not several."), _("{name} is larger than the limit of {limit}.")),
    *(_("{name} is not one of: {kinds}."), _("{names} and {count} more, {size} in all")),
    _("Choose at most {count} files, or pack them into one archive."),
    *(
        _("Show the figures"),
        _("No figures yet."),
        _("Actual"),
        _("Predicted"),
        _("from"),
        _("to"),
        _("count"),
        _("day"),
    ),
]
