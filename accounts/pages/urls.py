from django.urls import path

from accounts.pages import audit, home, member, profile, session, token

app_name = "accounts"
urlpatterns = [
    path("", home.HomePage.as_view(), name="home"),
    path("sign-in/", session.SignInPage.as_view(), name="sign-in"),
    path("sign-out/", session.sign_out, name="sign-out"),
    path("language/", session.choose_language, name="language"),
    path("organization/", session.SwitchOrganizationPage.as_view(), name="organization-switch"),
    path("profile/", profile.ProfilePage.as_view(), name="profile"),
    path("profile/password/", profile.PasswordPage.as_view(), name="password"),
    path("members/", member.MembersPage.as_view(), name="members"),
    path("members/add/", member.AddMemberPage.as_view(), name="member-add"),
    path("members/<int:pk>/role/", member.MemberRolePage.as_view(), name="member-role"),
    path("members/<int:pk>/skills/", member.MemberSkillsPage.as_view(), name="member-skills"),
    path("members/<int:pk>/remove/", member.RemoveMemberPage.as_view(), name="member-remove"),
    path("tokens/", token.TokensPage.as_view(), name="tokens"),
    path("tokens/add/", token.AddTokenPage.as_view(), name="token-add"),
    path("tokens/<int:pk>/revoke/", token.RevokeTokenPage.as_view(), name="token-revoke"),
    path("audit/", audit.AuditPage.as_view(), name="audit"),
]
