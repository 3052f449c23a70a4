from django.db import models
from django.utils.translation import gettext_lazy as _


class SignInTry(models.Model):
    """One try to sign in that has not succeeded; deleted when the right password comes, or when it is old."""

    # As typed, in lower case: tries at addresses without an account count too, so that both answer alike.
    email = models.CharField(_("e-mail"), max_length=254)
    address = models.CharField(_("network address"), max_length=45)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("try to sign in")
        verbose_name_plural = _("tries to sign in")
        indexes = [models.Index(fields=["email", "at"], name="sign_in_try_recent")]

    def __str__(self) -> str:
        return f"{self.email} from {self.address}"
