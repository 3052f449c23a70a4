from accounts.models.audit import AuditEntry
from accounts.models.organization import Membership, Organization
from accounts.models.sign_in import SignInTry
from accounts.models.token import Token
from accounts.models.user import User

__all__ = ["AuditEntry", "Membership", "Organization", "SignInTry", "Token", "User"]
