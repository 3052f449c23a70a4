from django.urls import path
from rest_framework.routers import SimpleRouter

from accounts.api.audit import AuditViewSet
from accounts.api.member import MemberViewSet, MeView
from accounts.api.token import TokenViewSet

router = SimpleRouter()
router.register("tokens", TokenViewSet, basename="token")
router.register("members", MemberViewSet, basename="member")
router.register("audit", AuditViewSet, basename="audit")
urlpatterns = [path("me/", MeView.as_view(), name="me"), *router.urls]
