from rest_framework.routers import SimpleRouter

from workers.api.job import JobViewSet

router = SimpleRouter()
router.register("jobs", JobViewSet, basename="job")
urlpatterns = router.urls
